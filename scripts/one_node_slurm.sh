#!/usr/bin/env bash
# A real Slurm of one node on this machine, for the tests of studies: Debian's slurm-wlm and munge, started without
# systemd. Needs root and apt-get for what is missing. Does nothing where Slurm answers already; `stop` ends it.
#
# auth/munge, proctrack/linuxproc and select/cons_tres, no accounting: what a small cluster has, and what a container
# can run. Its log files are /var/log/slurm/*.log.
set -euo pipefail

mark="# Written by one_node_slurm.sh"
conf=/etc/slurm/slurm.conf
state=/var/lib/slurm/one_node
log=/var/log/slurm
export DEBIAN_FRONTEND=noninteractive

answers() {
  command -v sinfo >/dev/null && timeout 5 sinfo --noheader --format %T 2>/dev/null | grep -Eq 'idle|mix|alloc'
}
fail() { echo "one_node_slurm: $*" >&2; exit 1; }
running() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }
ours() { [ -f "$conf" ] && head -1 "$conf" | grep -qF "$mark"; }

if [ "${1:-start}" = stop ]; then
  ours || fail "$conf is not ours"
  for file in "$state/slurmd.pid" "$state/slurmctld.pid"; do
    if running "$file"; then kill "$(cat "$file")"; fi
  done
  exit 0
fi

if answers; then echo "Slurm answers"; exit 0; fi
[ "$(id -u)" -eq 0 ] || fail "only root can install and start it"
[ ! -f "$conf" ] || ours || fail "there is another cluster's $conf, and it does not answer"

for program in slurmctld slurmd munged sbatch; do
  if ! command -v "$program" >/dev/null; then
    command -v apt-get >/dev/null || fail "$program is missing, and so is apt-get"
    said=$(mktemp)
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends slurm-wlm munge; } >"$said" 2>&1 ||
      { tail -20 "$said" >&2; fail "could not install slurm-wlm and munge"; }
    rm -f "$said"
    break
  fi
done

node=$(hostname -s)
mkdir -p "$state/spool" "$state/ctld" "$log" "$(dirname "$conf")"
cat >"$conf" <<CONF
$mark
ClusterName=one
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
KillWait=5
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,batch_sched_delay=0
StateSaveLocation=$state/ctld
SlurmdSpoolDir=$state/spool
SlurmctldPidFile=$state/slurmctld.pid
SlurmdPidFile=$state/slurmd.pid
SlurmctldLogFile=$log/slurmctld.log
SlurmdLogFile=$log/slurmd.log
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(getconf _NPROCESSORS_ONLN) State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF

if ! munge --no-input 2>/dev/null | unmunge >/dev/null 2>&1; then
  if [ ! -s /etc/munge/munge.key ]; then
    head -c 1024 /dev/urandom | install -o munge -g munge -m 0400 /dev/stdin /etc/munge/munge.key
  fi
  install -d -o munge -g munge -m 0755 /run/munge /var/lib/munge /var/log/munge
  runuser -u munge -- munged --force >>"$log/munged.log" 2>&1 || fail "munged does not start: $(tail -3 "$log/munged.log")"
fi
running "$state/slurmctld.pid" || slurmctld >>"$log/start.log" 2>&1
running "$state/slurmd.pid" || slurmd >>"$log/start.log" 2>&1

for _ in $(seq 60); do
  if answers; then echo "Slurm started: $(sinfo --noheader --format '%P %D node(s), %c CPUs, %T')"; exit 0; fi
  scontrol update nodename="$node" state=resume >/dev/null 2>&1 || true
  sleep 0.5
done
tail -5 "$log"/slurm*.log >&2
fail "it does not answer"
