"""What the service is made of, and whether something in it is known to be unsafe.

Writes var/sbom.cdx.json (CycloneDX) from the lock and checks it, then asks for known vulnerabilities. Where nothing
can be asked, that is said and is no failure; what is found is one.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

BILL = Path("var/sbom.cdx.json")
REQUIREMENTS = Path("var/requirements.txt")
SHIPPED = ("--locked", "--no-dev", "--extra", "postgres", "--quiet")
"""What is installed where the service runs."""
SECONDS = 45
UNREACHABLE = ("ConnectionError", "ConnectTimeout", "Max retries exceeded", "ServiceError", "could not query")


def main() -> None:
    """Ends with 1 if something is wrong."""
    BILL.parent.mkdir(exist_ok=True)
    _exported("cyclonedx1.5", BILL)
    _exported("requirements.txt", REQUIREMENTS, "--no-emit-project")
    print(f"{BILL}: CycloneDX 1.5, {_checked(json.loads(BILL.read_text(encoding='utf-8')))} packages.", flush=True)
    sys.exit(_vulnerable())


def _checked(bill: dict[str, Any]) -> int:
    """How many packages the bill names; each that is installed, once, with its version and address."""
    if (bill["bomFormat"], bill["specVersion"]) != ("CycloneDX", "1.5"):
        sys.exit(f"{BILL} is no CycloneDX 1.5.")
    parts = bill["components"]
    named = {(part["name"], part["version"]): part["purl"] for part in parts}
    wrong = [name for (name, version), address in named.items() if address != f"pkg:pypi/{name}@{version}"]
    installed = set(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE))
    wrong += [name for name, _ in installed - named.keys()]
    references = {part["bom-ref"] for part in parts} | {bill["metadata"]["component"]["bom-ref"]}
    wrong += [one for each in bill["dependencies"] for one in each.get("dependsOn", []) if one not in references]
    if wrong or len(references) != len(parts) + 1 or not installed:
        sys.exit(f"{BILL} is not whole: {', '.join(wrong) or 'a package stands in it twice'}.")
    return len(parts)


def _exported(form: str, to: Path, *more: str) -> None:
    uv = shutil.which("uv") or "uv"
    subprocess.run([uv, "export", "--format", form, *SHIPPED, *more, "--output-file", str(to)], check=True)


def _vulnerable() -> int:
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--requirement",
        str(REQUIREMENTS),
        "--require-hashes",
        "--disable-pip",
    ]
    try:
        done = subprocess.run(
            [*command, "--format", "json"], capture_output=True, text=True, check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        print("Known vulnerabilities could not be asked for in time; nothing is said about them.")
        return 0
    if not done.stdout.startswith("{"):
        last = "".join(done.stderr.strip().splitlines()[-1:])
        print(f"Known vulnerabilities could not be asked for ({last}); nothing is said about them.")
        return int(not any(sign in done.stderr for sign in UNREACHABLE))
    parts = json.loads(done.stdout)["dependencies"]
    asked = [part for part in parts if "skip_reason" not in part]
    found = [f"{part['name']} {part['version']}: {one['id']}" for part in asked for one in part["vulns"]]
    told = ", ".join(found) or ("none" if asked else "nothing is said about them")
    print(f"{len(asked)} of {len(parts)} packages could be looked up; known vulnerabilities: {told}.")
    return int(bool(found))


if __name__ == "__main__":
    main()
