#!/bin/sh
# Rebuilds web/static/vendor/ from the packages that web/vendor/package.json names (needs node and npm).
# `web/vendor.sh --relock` first resolves them anew, after a version in package.json was changed.
# The result is committed: neither running nor testing the service needs node.
set -eu
cd "$(dirname "$0")/vendor"

# The lock file keeps every package's hash, but not the address that it was fetched from.
if [ "${1:-}" = "--relock" ]; then
  rm -rf node_modules package-lock.json
  npm install --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund
fi
npm ci --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund
rm -rf ../static/vendor
node build.mjs

# Nothing in the page may lead the browser elsewhere by itself.
cdn='sourceMappingURL|esm\.sh|unpkg\.com|jsdelivr|cdnjs|googleapis|gstatic|@import *(url)?.?http'
if grep -nEo "$cdn" ../static/vendor/graphiql*; then
  echo "web/static/vendor/ refers to files elsewhere (see above)" >&2
  exit 1
fi
ls -l ../static/vendor
