"""Every benchmark in turn; each prints a table in Markdown, ready for the README."""

import subprocess
import sys

for name in ("training", "suggest_latency", "suggestion_service", "regret"):
    print(f"\n## {name}\n", flush=True)
    subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}"], check=True)
