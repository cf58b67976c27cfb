// Starts gradlint's language server and keeps it running with the settings that are in force.

import * as vscode from "vscode";
import { LanguageClient, State, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";

const SECTION = "gradlint";
const STARTUP = ["path", "interpreter"].map((key) => `${SECTION}.${key}`);

let client: LanguageClient | undefined;
let pending: Promise<void> = Promise.resolve();

/** What is used of the Python extension's interface. */
interface PythonExtension {
  environments: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
    resolveEnvironment(path: { path: string }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
    onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("gradlint", { log: true });
  const again = (): Promise<void> => restart(log);
  context.subscriptions.push(
    log,
    vscode.commands.registerCommand("gradlint.restart", again),
    vscode.commands.registerCommand("gradlint.showLog", () => {
      log.show();
    }),
    vscode.commands.registerCommand("gradlint.confirmDocument", () => onDocument("gradlint.confirm")),
    vscode.commands.registerCommand("gradlint.fixDocument", () => onDocument("gradlint.fixAll")),
    vscode.workspace.onDidChangeConfiguration(async (event) => {
      if (STARTUP.some((key) => event.affectsConfiguration(key))) {
        await again();
      }
    }),
  );
  const python = await pythonExtension();
  if (python !== undefined) {
    context.subscriptions.push(python.environments.onDidChangeActiveEnvironmentPath(again));
  }
  await again();
}

export async function deactivate(): Promise<void> {
  await pending;
  await client?.stop();
}

/** Stop the server that runs, if any, and start one; calls come one after the other. */
function restart(log: vscode.LogOutputChannel): Promise<void> {
  pending = pending.then(async () => {
    if (client?.state === State.Running) {
      await client.stop();
    }
    await client?.dispose();
    client = undefined;
    const started = new LanguageClient(SECTION, "gradlint", await server(), options(log));
    try {
      await started.start();
      client = started;
    } catch (error) {
      log.error(String(error));
      const choice = await vscode.window.showErrorMessage(
        'gradlint could not be started. Is it installed? pip install "tf-gradlint[lsp]"',
        "Show the log",
      );
      if (choice !== undefined) {
        log.show();
      }
    }
  });
  return pending;
}

/** How the server is started: by its own command, else by a Python interpreter. */
async function server(): Promise<ServerOptions> {
  const settings = vscode.workspace.getConfiguration(SECTION);
  const path = settings.get<string>("path", "");
  if (path !== "") {
    return { command: path, args: ["server"] };
  }
  const interpreter = settings.get<string>("interpreter", "") || (await activeInterpreter());
  // -P: a json.py or the like that lies in the workspace must not be imported in place of Python's own.
  return { command: interpreter, args: ["-P", "-m", "gradlint", "server"] };
}

async function activeInterpreter(): Promise<string> {
  const environments = (await pythonExtension())?.environments;
  const active = environments?.getActiveEnvironmentPath(vscode.workspace.workspaceFolders?.[0]?.uri);
  const resolved = active && (await environments?.resolveEnvironment(active));
  return resolved?.executable.uri?.fsPath ?? (process.platform === "win32" ? "python" : "python3");
}

async function pythonExtension(): Promise<PythonExtension | undefined> {
  return vscode.extensions.getExtension<PythonExtension>("ms-python.python")?.activate();
}

function options(log: vscode.LogOutputChannel): LanguageClientOptions {
  const selector = ["file", "untitled", "vscode-notebook-cell"].map((scheme) => ({ scheme, language: "python" }));
  return {
    documentSelector: [...selector, { scheme: "file", language: "markdown" }],
    outputChannel: log,
    initializationOptions: { ...vscode.workspace.getConfiguration(SECTION), trust: vscode.workspace.isTrusted },
    diagnosticPullOptions: { onChange: true, onSave: true },
  };
}

/** Run one of the server's commands on the document, or the notebook, that is being edited. */
async function onDocument(command: string): Promise<void> {
  const uri = vscode.window.activeNotebookEditor?.notebook.uri ?? vscode.window.activeTextEditor?.document.uri;
  if (uri !== undefined) {
    await vscode.commands.executeCommand(command, uri.toString());
  }
}
