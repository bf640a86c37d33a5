# shellcheck shell=bash disable=SC2034
# What the scripts beside this one can be told, by variables of the environment or of make.
kind=${KIND-kind}       # the kind program; empty: no nodes are made, the cluster is that of KUBECONFIG
name=${CLUSTER-katib}   # of the kind cluster
images=${IMAGES-katib-automl/trial:0.1.0 katib-automl/suggestion:0.1.0}  # to load; or archives, *.tar
load=${LOAD-}           # the command that loads one of them, where no kind does
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
example=${EXAMPLE-$root/manifests/experiments/random.yaml}  # run in the end; empty: none

[ -n "$kind" ] || : "${KUBECONFIG:?KIND is empty: set KUBECONFIG to the cluster that is to be used}"
kubectl() { command kubectl ${kind:+--context="kind-$name"} "$@"; }
