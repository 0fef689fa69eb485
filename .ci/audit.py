"""Known vulnerabilities of what the lists of requirements pin: `python .ci/audit.py requirements/*.txt`.

Belongs here: what pip-audit's answer means for `make check`. Where no connection can be made, or the service knows none
of the packages, as an index does that only mirrors files, the check is skipped with the reason: pip-audit itself says
of the latter that there are no known vulnerabilities. Whatever else keeps it from an answer fails the check.
"""

import json
import re
import subprocess
import sys

COMMAND = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner=off"]
NO_CONNECTION = re.compile(
    r"requests\.exceptions\.\w+: .*\b(?:NewConnectionError|NameResolutionError|ConnectTimeoutError)\(.*"
    r"|Could not connect to PyPI's vulnerability feed"
)
"""What pip-audit prints where it can't connect: nobody listens, nobody knows the name, or nobody answers in time."""


def main(files: list[str]) -> int:
    lists = [word for file in files for word in ("--requirement", file)]
    asked = subprocess.run([*COMMAND, "--format=json", *lists], capture_output=True, text=True, check=False)
    if not asked.stdout:
        return without_answer(asked.stderr)
    packages = json.loads(asked.stdout)["dependencies"]
    known = [one for one in packages if "skip_reason" not in one]
    if not known:
        return skipped(f"the service knows none of the {len(packages)} packages: {packages[0]['skip_reason']}")
    bad = [(one, found) for one in known for found in one["vulns"]]
    for one, found in bad:
        remedy = f"raise it to {' or '.join(found['fix_versions'])}" if found["fix_versions"] else "no version mends it"
        print(f"{one['name']} {one['version']}: {found['id']}; {remedy}")
    for one in packages:
        if "skip_reason" in one:
            print(f"not audited: {one['skip_reason']}")
    print(f"audited {len(known)} packages: {len(bad)} known vulnerabilities")
    return 1 if bad else 0


def without_answer(errors: str) -> int:
    if found := NO_CONNECTION.search(errors):
        return skipped(found[0])
    print(errors, file=sys.stderr)
    return 1


def skipped(reason: str) -> int:
    print(f"the audit for known vulnerabilities was skipped: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
