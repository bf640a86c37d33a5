#!/usr/bin/env bash
# Our images, onto every node: nothing is pulled, since they have fixed tags and IfNotPresent.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

for image in $images; do
  if [ -n "$load" ]; then
    $load "$image"
  elif [ -z "$kind" ]; then
    echo "not loaded, since there is no kind and LOAD is empty: $image"
  elif [[ $image == *.tar ]]; then
    "$kind" load image-archive "$image" --name "$name"
  else
    "$kind" load docker-image "$image" --name "$name"
  fi
done
