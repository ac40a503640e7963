#!/usr/bin/env bash
# Builds Cinegrain and runs its tests. Usage: ./test.sh [PROJECT...], for example ./test.sh Model Api
#
# Needs the .NET SDK 10. Chromium is optional: without it the browser tests say that they were skipped. Installs nothing; NuGet
# packages come from the sources that NuGet is configured with. With CI=true, lock files are binding (restore --locked-mode).
# The last line is "N passed, N failed, N skipped" over all projects. Exit code 0: something ran and all of it passed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 2

readonly results=artifacts/tests
readonly order=(Model Architecture Ingest Api Embedded Cli Standalone)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
passed=0 failed=0 skipped=0 broken=()

say() { printf '%s\n' "$*"; }
problem() { broken+=("$1"); printf '\n!!! %s\n' "$1" >&2; }
project_of() { printf 'tests/Cinegrain.%s.Tests/Cinegrain.%s.Tests.csproj' "$1" "$1"; }

finish() {
    if ((${#broken[@]})); then
        say
        say "NOT ALL IS WELL:"
        printf '  %s\n' "${broken[@]}"
    fi
    say
    say "$passed passed, $failed failed, $skipped skipped"
    exit "$1"
}

if ! command -v dotnet > /dev/null; then
    say "needs the .NET SDK 10 (https://dotnet.microsoft.com/download), but there is no dotnet on the PATH" >&2
    exit 2
fi
if ! sdk=$(dotnet --version 2>&1); then
    say "needs the .NET SDK that global.json names:" "$sdk" >&2
    exit 2
fi

# The test projects, fast ones first, the browser last; or those that were asked for.
names=()
if (($#)); then
    for name in "$@"; do
        if [[ ! -f $(project_of "$name") ]]; then
            say "there is no test project '$name': look in tests/, Cinegrain.<name>.Tests" >&2
            exit 2
        fi
        names+=("$name")
    done
else
    found=()
    for project in tests/*/*.Tests.csproj; do
        name=${project##*/Cinegrain.}
        found+=("${name%.Tests.csproj}")
    done
    for name in "${order[@]}"; do
        [[ " ${found[*]} " == *" $name "* ]] && names+=("$name")
    done
    for name in "${found[@]}"; do
        [[ " ${names[*]} Browser " == *" $name "* ]] || names+=("$name")
    done
    [[ " ${found[*]} " == *" Browser "* ]] && names+=(Browser)
fi
say "SDK $sdk; test projects: ${names[*]}"

# Restore. A package that cannot be had takes out only the projects that need it, loudly; a stale lock file is a failure.
log=$(mktemp) && trap 'rm -f "$log"' EXIT
restore=(--verbosity quiet --nologo)
[[ ${CI:-} == true ]] && restore+=(--locked-mode)
status=0
restored() {
    if dotnet restore "$1" "${restore[@]}" > "$log" 2>&1; then
        return 0
    fi
    problem "$1 did not restore; it is neither built nor tested"
    grep -E 'error' "$log" | sort -u >&2 || cat "$log" >&2
    if grep -q 'NU1004' "$log"; then
        say "    its packages.lock.json is out of date: run 'dotnet restore $1' and commit it" >&2
        status=1
    fi
    return 1
}

projects=()
if ((!$#)) && dotnet restore Cinegrain.slnx "${restore[@]}" > "$log" 2>&1; then
    while IFS= read -r project; do
        projects+=("$project")
    done < <(sed -n 's/.*<Project Path="\([^"]*\)".*/\1/p' Cinegrain.slnx)
elif ((!$#)); then
    while IFS= read -r project; do
        restored "$project" && projects+=("$project")
    done < <(sed -n 's/.*<Project Path="\([^"]*\)".*/\1/p' Cinegrain.slnx)
fi
runnable=()
for name in "${names[@]}"; do
    project=$(project_of "$name")
    if [[ " ${projects[*]:-} " == *" $project "* ]]; then
        runnable+=("$name")
    elif ((!$#)) && grep -qF "\"$project\"" Cinegrain.slnx; then
        : # It is in the solution and did not restore: told above.
    elif restored "$project"; then
        ((!$#)) && problem "$project is not in Cinegrain.slnx: add it"
        projects+=("$project")
        runnable+=("$name")
    fi
done
if ((${#projects[@]} == 0)); then
    problem "nothing restored, so nothing ran"
    finish 1
fi

# Build once, everything that restored. When something fails, each alone, to tell which.
rm -rf "$results" && mkdir -p "$results"
{
    say '<Project><ItemGroup>'
    for project in "${projects[@]}"; do
        say "<Part Include=\"../../$project\" />"
    done
    say '</ItemGroup><Target Name="Build"><MSBuild Projects="@(Part)" Targets="Build" BuildInParallel="true" /></Target></Project>'
} > "$results/all.proj"
say "building ${#projects[@]} projects ..."
built=("${projects[@]}")
if ! dotnet msbuild "$results/all.proj" -nologo -m -verbosity:quiet -p:Configuration=Release > "$log" 2>&1; then
    status=1
    built=()
    for project in "${projects[@]}"; do
        if dotnet build "$project" --no-restore --configuration Release --nologo --verbosity quiet > "$log" 2>&1; then
            built+=("$project")
        else
            problem "$project did not build"
            grep -E 'error|warning' "$log" | sort -u | head -30 >&2 || cat "$log" >&2
        fi
    done
fi

# Run. The counts come from the TRX report: VSTest counts what it skips into the total and nowhere else.
attribute() { sed -n "s/.*<Counters \(.*[[:space:]]\)\{0,1\}$2=\"\([0-9]*\)\".*/\2/p" "$1" | head -1; }
for name in "${runnable[@]}"; do
    project=$(project_of "$name")
    [[ " ${built[*]:-} " == *" $project "* ]] || continue
    say
    say "== $name"
    report="$results/$name.trx"
    code=0
    dotnet test "$project" --no-build --configuration Release --nologo --verbosity quiet \
        --results-directory "$results" --logger "trx;LogFileName=$name.trx" --logger 'console;verbosity=minimal' \
        --blame-hang-timeout 15m --blame-hang-dump-type none || code=$?
    if [[ ! -s $report ]]; then
        problem "$name: the run left no report (exit code $code)"
        status=1
        continue
    fi
    total=$(attribute "$report" total) ok=$(attribute "$report" passed) executed=$(attribute "$report" executed)
    bad=$((executed - ok)) left=$((total - executed))
    if ((code != 0 && bad == 0)); then
        problem "$name: the run ended with exit code $code before it was through"
        bad=1
    fi
    if ((bad > 0)); then
        status=1
        broken+=("$name: $bad failed")
    fi
    if ((total == 0)); then
        problem "$name has no test that ran"
        status=1
    fi
    say "$name: $ok passed, $bad failed, $left skipped."
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + left))
done

((passed + failed)) || { status=1; problem "no test ran"; }
finish "$status"
