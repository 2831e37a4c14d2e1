#!/bin/bash
# What one stateful record-routing hop costs; see --help.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
rate=1000 seconds=60 bound=0.130 hold=200 transport=udp hep= build=$root/build/release report=
usage() {
    cat <<'HELP'
tests/bench/hop.sh [--rate N] [--seconds N] [--bound X] [--hold MS] [--transport P] [--hep] [--build DIR] [REPORT]
  --rate N      calls a second (1000)
  --seconds N   how long (60)
  --bound X     CPU seconds per 1,000 calls allowed for the hop (0.130)
  --hold MS     from the answer to the BYE (200)
  --transport P udp, tcp or tls (udp)
  --hep         the hop sends each message to a HEP collector, which only reads
  --build DIR   build folder (build/release)
Builds the hop and its generator, makes the calls, prints what they cost; the last line is the figure. Exits 1 past
the bound or with a call lost. REPORT gets {"checks":[{"name","ok","detail"}]}.
HELP
}
while [ $# -gt 0 ]; do
    case $1 in
    --rate | --seconds | --bound | --hold | --transport | --build)
        [ $# -ge 2 ] || { usage >&2; exit 2; }
        declare "${1#--}=$2"
        shift 2
        ;;
    --hep) hep=1; shift ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) report=$1; shift ;;
    esac
done
for number in "$rate" "$seconds" "$hold"; do
    [[ $number =~ ^[0-9]+$ ]] || { echo "hop.sh: '$number' is no whole number" >&2; exit 2; }
done
[[ $bound =~ ^[0-9]+(\.[0-9]+)?$ ]] || { echo "hop.sh: '$bound' is no number" >&2; exit 2; }

[[ $transport =~ ^(udp|tcp|tls)$ ]] || { echo "hop.sh: '$transport' is not udp, tcp or tls" >&2; exit 2; }

[ -f "$build/CMakeCache.txt" ] || cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_FLAGS_RELEASE="-O2 -g1" >&2
cmake --build "$build" --target bench_hop bench_generator >&2

work=$(mktemp -d)
hop=
collector=
finish() {
    [ -z "$hop" ] || kill "$hop" 2>/dev/null || true
    [ -z "$collector" ] || kill "$collector" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
way=("$transport")
more=()
if [ "$transport" = tls ]; then
    curve=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2)
    openssl req -x509 "${curve[@]}" -subj "/CN=bench" -addext "subjectAltName=IP:127.0.3.10,IP:127.0.3.11,IP:127.0.3.12" \
        -keyout "$work/key" -out "$work/certificate" 2>"$work/openssl" || { cat "$work/openssl" >&2; exit 1; }
    way+=("$work/certificate" "$work/key" "$work/certificate")
fi
if [ -n "$hep" ]; then
    python3 -c 'import socket
reader = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
reader.bind(("127.0.3.13", 0))
print(reader.getsockname()[1], flush=True)
space = bytearray(65536)
while True:
    reader.recv_into(space)' >"$work/collector" &
    collector=$!
    until [ -s "$work/collector" ]; do
        kill -0 "$collector" 2>/dev/null || { echo "hop.sh: the collector did not start" >&2; exit 1; }
        sleep 0.05
    done
    more=("hep=127.0.3.13:$(cat "$work/collector")")
fi
"$build/bench/bench_hop" 127.0.3.10:5060 "${way[@]}" "${more[@]}" >"$work/hop" &
hop=$!
for _ in $(seq 100); do
    grep -q ready "$work/hop" && break
    kill -0 "$hop" 2>/dev/null || { echo "hop.sh: the hop did not start" >&2; exit 1; }
    sleep 0.05
done
ticks() { sed 's/.*) //' "/proc/$hop/stat" | awk '{ print $12 + $13 }'; }
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$hop/status"; }
before=$(ticks)
resident_before=$(resident)
calls=$((rate * seconds))
"$build/bench/bench_generator" 127.0.3.11:5060 127.0.3.12:5060 127.0.3.10:5060 "$rate" "$calls" "$hold" "${way[@]}" \
    >"$work/generator" || true
after=$(ticks)
resident_after=$(resident)
kill "$hop"
wait "$hop" || true
hop=
grep -q ^calls= "$work/generator" || { echo "hop.sh: the generator ended early" >&2; exit 1; }

declare -A got
for pair in $(cat "$work/generator") $(grep received= "$work/hop"); do got[${pair%%=*}]=${pair#*=}; done
cpu=$(awk -v t=$((after - before)) -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "%.2f", t / hz }')
per_thousand=$(awk -v cpu="$cpu" -v n="$calls" 'BEGIN { printf "%.3f", cpu * 1000 / n }')
lost=$((got[lost] + got[failed]))
row() { printf '  %-36s %s\n' "$1" "$2"; }
echo "One stateful record-routing hop, INVITE to BYE, 7 messages in and 7 out a call, $transport"
row "calls, made over" "$calls, ${got[seconds]} s at $rate/s, INVITE ${got[invite_octets]} octets"
row "lost, failed, messages not as expected" "${got[lost]}, ${got[failed]}, ${got[bad]}"
row "repeated by the phones" "${got[repeated]}"
row "hop: received, sent, repeated" "${got[received]}, ${got[sent]}, ${got[retransmissions]}"
row "set-up p50, p99, longest" "${got[p50_ms]}, ${got[p99_ms]}, ${got[max_ms]} ms"
row "hop: CPU" "$cpu s"
row "hop: resident at start, at end" "$((resident_before / 1024)), $((resident_after / 1024)) MiB"
row "hop: transactions lingering at end" "${got[servers]} server, ${got[clients]} client"
[ -z "$hep" ] || row "HEP: sent, dropped" "${got[hep_sent]}, ${got[hep_dropped]}"
row "generator: CPU, latest start of a call" "${got[cpu]} s, ${got[late_ms]} ms late"

# A generator that fell behind did not hold the rate, and then the figure says nothing.
held=$(awk -v got="${got[seconds]}" -v want="$seconds" 'BEGIN { print (got <= want * 1.02 + 0.1) ? "true" : "false" }')
within=$(awk -v x="$per_thousand" -v b="$bound" 'BEGIN { print (x <= b) ? "true" : "false" }')
none=$([ "$lost" -eq 0 ] && [ "${got[bad]}" -eq 0 ] && echo true || echo false)
line="$per_thousand CPU s per 1000 calls (bound $bound), $calls calls, $lost lost"
if [ -n "$report" ]; then
    printf '{"checks":[{"name":"%s","ok":%s,"detail":"%s"},{"name":"%s","ok":%s,"detail":"%s"},%s}\n' \
        "a hop costs at most $bound CPU s per 1000 calls" "$within" "$line" \
        "no call is lost and no message is changed" "$none" "${got[lost]} lost, ${got[failed]} failed, ${got[bad]} bad" \
        "{\"name\":\"the rate was held\",\"ok\":$held,\"detail\":\"${got[seconds]} s\"}]" >"$report"
fi
[ "$held" = true ] || echo "the rate was not held: ${got[seconds]} s instead of $seconds"
[ "$none" = true ] || echo "calls were lost or messages were not as expected"
echo "$line"
[ "$within" = true ] && [ "$none" = true ] && [ "$held" = true ]
