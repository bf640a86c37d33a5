#!/usr/bin/env bash
# A Kubernetes with Katib, our images and four Trials of an example. What is there already is kept.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

if [ -n "$kind" ] && ! "$kind" get clusters | grep -qx "$name"; then
  "$kind" create cluster --name "$name" --config "$root/manifests/kind/cluster.yaml" --wait 3m
fi

if [ -z "$kind" ] && kubectl -n kubeflow get deployment katib-controller > /dev/null 2>&1; then
  echo "Katib is there: it and its configuration stay as they are"
else
  kubectl apply -k "$root/manifests/overlays/kind"
fi
kubectl -n kubeflow wait --for=condition=Available --timeout=10m \
  deployment/katib-mysql deployment/katib-db-manager deployment/katib-controller

"$root/manifests/kind/load.sh"

[ -n "$example" ] || exit 0
# A controller that is Available may still be making the certificate of its webhooks.
for _ in {1..60}; do
  ! kubectl apply --dry-run=server -f "$example" || break
  sleep 2
done
# The Experiment's own number of Trials takes minutes; `kubectl apply -f` of the file goes on to it.
kubectl patch --local -f "$example" --type merge -p '{"spec": {"maxTrialCount": 4}}' -o yaml | kubectl apply -f -
if ! kubectl wait --for=condition=Succeeded --timeout=15m -f "$example"; then
  kubectl describe -f "$example"
  exit 1
fi
kubectl get -f "$example"
