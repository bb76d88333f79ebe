#!/bin/sh
# Fetches the vendored libraries from npm and writes them here. Needs node and npm.
set -eu
VIRTUAL=3.19.11
UPLOT=1.6.32
ESBUILD=0.28.2
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
npm install --no-audit --no-fund --silent "@tanstack/virtual-core@$VIRTUAL" "uplot@$UPLOT" "esbuild@$ESBUILD"
echo 'export { Virtualizer, elementScroll, observeElementOffset, observeElementRect } from "@tanstack/virtual-core";' > entry.js
npx esbuild entry.js --bundle --minify --format=iife --global-name=TanStackVirtual --target=es2020 \
    --define:process.env.NODE_ENV='"production"' --legal-comments=none --outfile="$here/virtual.min.js" --log-level=warning
cp node_modules/uplot/dist/uPlot.iife.min.js "$here/uplot.min.js"
cp node_modules/uplot/dist/uPlot.min.css "$here/uplot.min.css"
cp node_modules/uplot/LICENSE "$here/uplot.LICENSE"
cp node_modules/@tanstack/virtual-core/LICENSE "$here/virtual.LICENSE"
