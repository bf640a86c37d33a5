#!/usr/bin/env bash
# The kind cluster with all that is in it; of a cluster that was there before, the example alone.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

if [ -n "$kind" ]; then
  "$kind" delete cluster --name "$name"
elif [ -n "$example" ]; then
  kubectl delete --ignore-not-found -f "$example"
fi
