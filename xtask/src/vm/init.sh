#!/bin/busybox sh
# First program of the virtual machine. The host's root folder is seen through virtiofs, read-only, below an overlay
# whose upper layer is memory; an ext4 disk holds what needs id-mapped mounts. Then /tests.sh runs as a script of that
# root: as process 1, or, if $MANAGER says systemd, as a service of the host's systemd, which then is process 1. The last
# line on the console is "VM-EXIT code".
/bin/busybox mkdir -p /proc /sys /dev /host /rw /new
/bin/busybox --install -s /bin
export PATH=/bin

fail() {
    echo "VM-FAILED $*"
    poweroff -f
}

mount -t proc proc /proc || fail proc
mount -t sysfs sys /sys || fail sysfs
mount -t devtmpfs dev /dev || fail devtmpfs
for module in virtio_pci virtio_blk virtiofs overlay; do
    modprobe "$module" || fail "modprobe $module"
done

mount -t virtiofs -o ro host /host || fail virtiofs
mount -t tmpfs -o mode=755 memory /rw || fail tmpfs
mkdir /rw/upper /rw/work
mount -t overlay -o lowerdir=/host,upperdir=/rw/upper,workdir=/rw/work root /new || fail overlay

# Kernels look for modules below the root; ours lie where the host unpacked them.
release=$(uname -r)
mkdir -p "/new/lib/modules/$release" /new/vm
mount -o bind,ro "/new$MODULES" "/new/lib/modules/$release" || fail modules
mount -t ext4 /dev/vda /new/vm || fail disk
# Temporary files that must lie on a disk go to /var/tmp, by the rules of the file system hierarchy.
mkdir -m 1777 /new/vm/tmp || fail /vm/tmp
mount -o bind /new/vm/tmp /new/var/tmp || fail /var/tmp
mount -t tmpfs memory /new/run || fail run

mount --move /proc /new/proc
mount --move /sys /new/sys
mount --move /dev /new/dev
mkdir -p /new/dev/pts /new/dev/shm
mount -t devpts -o ptmxmode=666 pts /new/dev/pts || fail devpts
mount -t tmpfs memory /new/dev/shm || fail shm
mount -t cgroup2 -o nsdelegate cgroup2 /new/sys/fs/cgroup || fail cgroup2
# As systemd leaves it: whoever takes a private root must say so.
mount --make-rshared /new
ip link set lo up

cp /tests.sh /new/vm/tests.sh
echo "VM-UP $release, $(nproc) processors, $(cut -d' ' -f1 /new/proc/uptime) s"
if [ "$MANAGER" = systemd ]; then
    # Nothing but the tests: whatever units the host has, the machine needs none of them.
    cat >/new/etc/systemd/system/tests.service <<'UNIT'
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=/bin/sh /vm/tests.sh
TimeoutStartSec=infinity
TTYPath=/dev/ttyS0
StandardInput=null
StandardOutput=tty
StandardError=tty
OOMScoreAdjust=0
UNIT
    # The host may be a container; the machine is none.
    rm -f /new/.dockerenv
    # Without one systemd takes this for a first boot, and enables all that could be.
    echo 0123456789abcdef0123456789abcdef >/new/etc/machine-id
    exec switch_root /new /lib/systemd/systemd
fi
# From process 1, because the kernel looks for modprobe below the root that process 1 has.
exec switch_root /new /bin/sh /vm/tests.sh
