// Drives the installed extension from within VS Code's extension host, by the editor's public interface alone.
// VS Code calls `run`; what was seen goes into the file $GRADLINT_TEST_OUT, where the test reads it.

const fs = require("fs");
const path = require("path");
const vscode = require("vscode");

const PATIENCE = 60_000;
const seen = { version: vscode.version };

async function until(what, condition) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const value = await condition();
    if (value) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`${what}: it did not happen`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function diagnostics(uri) {
  return vscode.languages.getDiagnostics(uri).filter((one) => one.source === "gradlint");
}

function found(uri) {
  return until(`a diagnostic in ${uri}`, () => diagnostics(uri)[0]);
}

function clean(uri) {
  return until(`no diagnostic in ${uri}`, () => diagnostics(uri).length === 0);
}

function inFolder(name) {
  return vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, name);
}

async function show(name) {
  return vscode.window.showTextDocument(await vscode.workspace.openTextDocument(inFolder(name)));
}

async function replace(editor, old, text) {
  const start = editor.document.getText().indexOf(old);
  const span = new vscode.Range(editor.document.positionAt(start), editor.document.positionAt(start + old.length));
  await editor.edit((builder) => builder.replace(span, text));
}

function configure(key, value) {
  return vscode.workspace.getConfiguration("gradlint").update(key, value, vscode.ConfigurationTarget.Workspace);
}

async function python() {
  const { document } = await show("train.py");
  const one = await found(document.uri);
  seen.diagnostic = {
    start: one.range.start,
    end: one.range.end,
    severity: vscode.DiagnosticSeverity[one.severity],
    code: one.code.value,
    page: one.code.target.toString(),
    message: one.message,
    story: one.relatedInformation.map((step) => step.location.range.start.line),
  };
  const lenses = await until("a lens", async () => {
    const made = await vscode.commands.executeCommand("vscode.executeCodeLensProvider", document.uri, 10);
    return made?.length ? made : undefined;
  });
  seen.lenses = lenses.map((lens) => lens.command.title);
  const whole = new vscode.Range(0, 0, document.lineCount, 0);
  const hints = await vscode.commands.executeCommand("vscode.executeInlayHintProvider", document.uri, whole);
  seen.hints = hints.map((hint) => hint.label);
  const place = document.positionAt(document.getText().indexOf("tape.gradient"));
  const hovers = await vscode.commands.executeCommand("vscode.executeHoverProvider", document.uri, place);
  seen.hover = hovers.flatMap((hover) => hover.contents.map((content) => content.value)).join("\n");

  const actions = await vscode.commands.executeCommand("vscode.executeCodeActionProvider", document.uri, one.range);
  seen.actions = actions.map((action) => action.title);
  await vscode.workspace.applyEdit(actions.find((action) => action.isPreferred).edit);
  await clean(document.uri);
  await document.save();
}

/** Settings of the workspace are followed while the file is open. */
async function settings() {
  const editor = await show("settings.py");
  await found(editor.document.uri);
  await configure("ignore", ["GT2"]);
  await clean(editor.document.uri);
  await configure("ignore", undefined);
  await found(editor.document.uri);
  await configure("enable", false);
  await clean(editor.document.uri);
  await configure("enable", undefined);
  await found(editor.document.uri);
}

/** The commands of the extension, and the fix on save. */
async function commands() {
  const editor = await show("commands.py");
  await found(editor.document.uri);
  await vscode.commands.executeCommand("gradlint.fixDocument");
  await clean(editor.document.uri);
  seen.fixed = editor.document.getText();

  await replace(editor, "tf.sqrt", "np.sqrt");
  await found(editor.document.uri);
  await vscode.commands.executeCommand("gradlint.restart");
  await until("the old server's diagnostics go", () => found(editor.document.uri));
  await vscode.workspace
    .getConfiguration("editor", { languageId: "python" })
    .update("codeActionsOnSave", { "source.fixAll.gradlint": "explicit" }, vscode.ConfigurationTarget.Workspace, true);
  await vscode.window.showTextDocument(editor.document);
  await vscode.commands.executeCommand("workbench.action.files.save");
  await clean(editor.document.uri);
  seen.saved = fs.readFileSync(editor.document.uri.fsPath, "utf8");

  await vscode.commands.executeCommand("gradlint.explain", "GT201");
  const page = await until("the rule's page", () =>
    vscode.window.visibleTextEditors.find((one) => one.document.fileName.endsWith(".md")),
  );
  seen.page = path.basename(page.document.fileName);
}

async function untitled() {
  const content = fs.readFileSync(inFolder("settings.py").fsPath, "utf8");
  const document = await vscode.workspace.openTextDocument({ language: "python", content });
  await vscode.window.showTextDocument(document);
  seen.untitled = { scheme: document.uri.scheme, code: (await found(document.uri)).code.value };
}

async function markdown() {
  const { document } = await show("guide.md");
  seen.markdown = (await found(document.uri)).range.start.line;
}

/** Each diagnostic stands in its cell; cells are edited, moved and taken away. */
async function notebook() {
  const uri = inFolder("study.ipynb");
  const study = await vscode.workspace.openNotebookDocument(uri);
  await vscode.window.showNotebookDocument(study);
  const losing = study.cellAt(3);
  const one = await found(losing.document.uri);
  seen.notebook = {
    kinds: study.getCells().map((cell) => cell.kind === vscode.NotebookCellKind.Code),
    counts: study.getCells().map((cell) => diagnostics(cell.document.uri).length),
    start: one.range.start,
    cellOfTheCall: study.getCells().findIndex((cell) =>
      one.relatedInformation.some(
        (step) => cell !== losing && step.location.uri.toString() === cell.document.uri.toString() && cell.index > 3,
      ),
    ),
  };
  const moved = new vscode.WorkspaceEdit();
  const heading = new vscode.NotebookCellData(vscode.NotebookCellKind.Markup, "# Another heading", "markdown");
  moved.set(uri, [vscode.NotebookEdit.insertCells(0, [heading])]);
  await vscode.workspace.applyEdit(moved);
  await vscode.commands.executeCommand("gradlint.fixDocument");
  await clean(losing.document.uri);
  seen.notebook.fixed = losing.document.getText();
  const again = new vscode.WorkspaceEdit();
  again.replace(
    losing.document.uri,
    new vscode.Range(0, 0, losing.document.lineCount, 0),
    seen.notebook.fixed.replace("tf.sqrt", "np.sqrt"),
  );
  await vscode.workspace.applyEdit(again);
  await found(losing.document.uri);
  const removed = new vscode.WorkspaceEdit();
  removed.set(uri, [vscode.NotebookEdit.deleteCells(new vscode.NotebookRange(study.cellCount - 1, study.cellCount))]);
  await vscode.workspace.applyEdit(removed);
  await clean(losing.document.uri);
}

exports.run = async () => {
  try {
    for (const part of [python, settings, commands, untitled, markdown, notebook]) {
      seen.part = part.name;
      await part();
    }
    seen.part = "done";
  } catch (error) {
    seen.failed = String(error?.stack ?? error);
  }
  const out = process.env.GRADLINT_TEST_OUT;
  fs.writeFileSync(`${out}.part`, JSON.stringify(seen));
  fs.renameSync(`${out}.part`, out);
};
