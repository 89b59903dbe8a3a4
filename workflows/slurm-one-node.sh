#!/usr/bin/env bash
# Runs the workflow's test on a Slurm of one node, made of Debian's packages on this machine, and takes it
# down again. For a machine that is thrown away afterwards: it needs root, and starts munge and Slurm.
#
#   workflows/slurm-one-node.sh PROGRAM     needs snakemake 9 with snakemake-executor-plugin-slurm
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
program=$(realpath "$1")
# Jobs look for it here and nowhere else.
conf=/etc/slurm/slurm.conf
[ ! -e "$conf" ] || { echo "$conf is there already: this machine has a Slurm" >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo "run this as root, on a machine of its own" >&2; exit 1; }

missing=()
command -v slurmctld >/dev/null || missing+=(slurmctld slurmd slurm-client)
command -v munged >/dev/null || missing+=(munge)
command -v bcftools >/dev/null || missing+=(bcftools)
if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
fi

state=$(mktemp -d)
# Both sides of Slurm resolve the node's name.
node=$(hostname -s)
pids=()
stop() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    [ -z "${munge_pid:-}" ] || kill "$munge_pid" 2>/dev/null || true
    wait
    rm -rf "$state" "$conf"
}
trap stop EXIT
mkdir -p "$state/spool" "$state/ctld" "$state/profile"
cat >"$conf" <<END
ClusterName=one
SlurmctldHost=$node(127.0.0.1)
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MinJobAge=600
SlurmUser=root
SlurmctldPidFile=$state/slurmctld.pid
SlurmdPidFile=$state/slurmd.pid
SlurmdSpoolDir=$state/spool
StateSaveLocation=$state/ctld
SlurmctldLogFile=$state/slurmctld.log
SlurmdLogFile=$state/slurmd.log
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(($(awk '/^MemTotal/ {print $2}' /proc/meminfo) / 2048)) State=UNKNOWN
PartitionName=main Nodes=$node Default=YES MaxTime=INFINITE State=UP
END

if ! munge -n >/dev/null 2>&1 || ! munge -n | unmunge >/dev/null 2>&1; then
    [ -e /etc/munge/munge.key ] || /usr/sbin/mungekey --create
    mkdir -p /run/munge && chown munge:munge /run/munge /etc/munge/munge.key
    runuser -u munge -- /usr/sbin/munged --force
    munge_pid=$(cat /run/munge/munged.pid)
fi
slurmctld -D & pids+=($!)
slurmd -D -N "$node" & pids+=($!)
until sinfo --noheader --format %t 2>/dev/null | grep -q idle; do
    sleep 1
    [ $((waited = ${waited:-0} + 1)) -lt 60 ] || { cat "$state"/*.log >&2; exit 1; }
done
sinfo

# The profile of the workflow, with what this cluster is called and no accounts: nothing accounts here, and
# squeue says how jobs are.
sed -e '/slurm_account/d' "$here/profiles/slurm/config.yaml" >"$state/profile/config.yaml"
cat >>"$state/profile/config.yaml" <<END
slurm-no-account: true
slurm-status-command: squeue
slurm-init-seconds-before-status-checks: 5
END
PROFILE=$state/profile "$here/test.sh" "$program"
