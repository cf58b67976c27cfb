"""Gets what the tests in this folder need and the system may not have: ``python -m editors.tests.obtain FOLDER``.

Helix comes from a release of Debian that has it, unpacked and not installed. Visual Studio Code comes from the npm
registry, as the server that code-server is built on: its workbench in a browser, its extension host in Node. Node comes
with the extra ``editors``, the browser from the system.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
"""The project's folder."""
CODE_SERVER = "4.96.4"
"""code-server's release; Visual Studio Code has the same number after the 1."""
AXE = "4.14.1"
"""axe-core's release."""
DEBIAN = "trixie"
"""The release of Debian that Helix is taken from; it was the first to have it."""
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
FOLDER = "GRADLINT_EDITORS"
"""The environment variable that names the folder for the tests."""


def environment() -> dict[str, str]:
    """This process's environment with the scripts of this Python first on the path, Node among them."""
    scripts = os.path.dirname(sys.executable)
    return {**os.environ, "PATH": os.pathsep.join([scripts, os.environ.get("PATH", os.defpath)])}


def program(*names: str) -> str:
    """Where a program is, under the first of its names that is there; the tests need it."""
    for name in names:
        found = shutil.which(name, path=environment()["PATH"])
        if found is not None:
            return found
    raise AssertionError(f"{names[0]} is not installed; .ci/run shows how to get what the tests of the editors need")


def browser() -> str:
    """Where the browser is."""
    return program("chromium", "chromium-browser", "google-chrome")


def vscode() -> Path:
    """The main module of Visual Studio Code's server, as :func:`get_vscode` puts it there."""
    folder = _folder()
    main = _vscode(folder) / "out" / "server-main.js"
    assert main.is_file(), f"{main} is not there; `python -m editors.tests.obtain {folder}` gets it"
    return main


def get_vscode(folder: Path) -> None:
    """Put Visual Studio Code's server into a folder.

    Nothing is compiled: the modules in C++ are for terminals, logs and keyrings, and it runs without them.

    Raises:
        AssertionError: If npm or the browser is not there.
        subprocess.CalledProcessError: If npm cannot do it.
    """
    browser()
    if (_vscode(folder) / "node_modules").is_dir():
        return
    npm = [program("npm"), "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--omit=dev"]
    subprocess.run([*npm, "--prefix", str(folder), f"code-server@{CODE_SERVER}"], env=environment(), check=True)
    # Its lock file names a source that is not in the registry; the ranges of its package.json do as well.
    (_vscode(folder) / "npm-shrinkwrap.json").unlink()
    subprocess.run(npm, cwd=_vscode(folder), env=environment(), check=True)


def helix() -> tuple[list[str], dict[str, str]]:
    """The command that starts Helix and the variables that it needs: the system's own, else what is unpacked."""
    found = shutil.which("hx", path=environment()["PATH"])
    if found is not None:
        return [found], {}
    root = _folder() / "helix"
    loaders = [*root.glob("usr/lib*/ld-linux*.so.*"), *root.glob("usr/lib/ld-linux*.so.*")]
    assert loaders, f"hx is not installed; `python -m editors.tests.obtain {root.parent}` gets it"
    libraries = next(root.glob("usr/lib/*-linux-gnu*"))
    hx = root / "usr" / "lib" / "hx"
    return [str(loaders[0]), "--library-path", str(libraries), str(hx / "hx")], {"HELIX_RUNTIME": str(hx / "runtime")}


def get_helix(folder: Path) -> None:
    """Unpack Debian's package of Helix into a folder, with the C library that it was built for; nothing is installed.

    Raises:
        AssertionError: If the system takes nothing from Debian.
        subprocess.CalledProcessError: If apt cannot do it.
    """
    root = folder / "helix"
    if shutil.which("hx") or root.is_dir():
        return
    apt = folder / "apt"
    for path in ("lists/partial", "cache/archives/partial", "packages"):
        (apt / path).mkdir(parents=True, exist_ok=True)
    (apt / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {DEBIAN} main\n")
    options = {
        "Dir::Etc::sourcelist": apt / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": apt / "lists",
        "Dir::Cache": apt / "cache",
        "APT::Sandbox::User": "root",
    }
    command = ["apt-get", *(argument for key, value in options.items() for argument in ("-o", f"{key}={value}"))]
    subprocess.run([*command, "update"], check=True)
    packages = apt / "packages"
    subprocess.run([*command, "download", "hx", "libc6", "libgcc-s1", "libstdc++6"], cwd=packages, check=True)
    unpacked = folder / "helix.part"
    for package in packages.glob("*.deb"):
        subprocess.run(["dpkg", "--extract", str(package), str(unpacked)], check=True)
    unpacked.rename(root)


def mirror() -> str:
    """Where this system takes Debian's packages from.

    Raises:
        AssertionError: If it takes none from Debian.
        subprocess.CalledProcessError: If apt cannot tell.
    """
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Origin: Debian", "Component: main"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    assert told, "the system takes no packages from Debian"
    return told[0]


def _folder() -> Path:
    folder = os.environ.get(FOLDER)
    assert folder, f"{FOLDER} is not set; `python -m editors.tests.obtain FOLDER` makes the folder that it is to name"
    return Path(folder)


def _vscode(folder: Path) -> Path:
    return folder / "node_modules" / "code-server" / "lib" / "vscode"


def get_jupyterlab(folder: Path) -> None:
    """See that JupyterLab is there, from the extra ``editors``.

    Raises:
        AssertionError: If it is not.
    """
    for module in ("jupyterlab", "jupyterlab_lsp", "playwright", "websocket"):
        assert find_spec(module), f"{module} is not installed; it is in the extra `editors`"
    browser()


def axe() -> Path:
    """The script of axe-core, which looks for what keeps people from using a page, as :func:`get_axe` puts it there."""
    script = _folder() / "node_modules" / "axe-core" / "axe.min.js"
    assert script.is_file(), f"{script} is not there; `python -m editors.tests.obtain {_folder()} report` gets it"
    return script


def get_axe(folder: Path) -> None:
    """Put axe-core into a folder, for the report's page.

    Raises:
        AssertionError: If npm, the browser or what drives it is not there.
        subprocess.CalledProcessError: If npm cannot do it.
    """
    browser()
    assert find_spec("playwright"), "playwright is not installed; it is in the extra `editors`"
    if (folder / "node_modules" / "axe-core").is_dir():
        return
    npm = [program("npm"), "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
    subprocess.run([*npm, "--prefix", str(folder), f"axe-core@{AXE}"], env=environment(), check=True)


EDITORS = {"helix": get_helix, "vscode": get_vscode, "jupyterlab": get_jupyterlab, "report": get_axe}


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m editors.tests.obtain", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where it is put; the tests find it by " + FOLDER)
    parser.add_argument("editors", nargs="*", choices=EDITORS, help="which; all where none is named")
    options = parser.parse_args()
    folder = options.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for name in options.editors or EDITORS:
        try:
            EDITORS[name](folder)
        except (AssertionError, OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"{name} cannot be had: {error}")


if __name__ == "__main__":
    main()
