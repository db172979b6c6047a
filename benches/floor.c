/*
 * The least that starting an isolated Linux container can cost on this kernel: the same kernel calls that an engine
 * makes, with no engine around them. `./x bench` compares ours with it.
 *
 *   floor [-b] [-v] [-p] [-u] [-l] [-f FILTER] LOWER SCRATCH PROGRAM [ARG...]
 *
 *   LOWER    root folder with bin, dev, proc, sys; only read
 *   SCRATCH  folder for a fresh upper and work folder, made and removed within the measured time
 *   -b       bind LOWER instead of mounting an overlay
 *   -v       overlay with `volatile`: nothing is synced at the end
 *   -p       the parent writes the child's pid to cgroup.procs, as most runtimes do, instead of the child moving itself
 *   -u       on a hybrid host, a cgroup in the unified hierarchy too (the child is born in it)
 *   -l       limits: pids.max, and the devices that every container may use
 *   -f       load the seccomp filter (struct sock_filter[]) in FILTER before the program starts
 *
 * Ends with the program's exit code, 125 when a step fails. Compile: cc -O2 -static floor.c -o floor
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_CGROUPS 16

static int bind_root, no_sync, by_parent, unified_too, limits;
static const char *lower, *scratch, *filter_path;
static struct sock_fprog filter;

/* Cgroups of this container: the v1 ones, and the unified one if it is used. */
static char v1[MAX_CGROUPS][PATH_MAX];
static int v1_count;
static char unified[PATH_MAX];

static void check(int failed, const char *step)
{
	if (failed) {
		fprintf(stderr, "floor: %s: %s\n", step, strerror(errno));
		_exit(125);
	}
}

static void join(char out[PATH_MAX], const char *folder, const char *name)
{
	errno = ENAMETOOLONG;
	check(snprintf(out, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX, folder);
}

static void write_text(const char *folder, const char *file, const char *text)
{
	char path[PATH_MAX];

	join(path, folder, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	check(fd < 0, path);
	check(write(fd, text, strlen(text)) < 0, path);
	close(fd);
}

/* Finds the hierarchies by what is mounted. */
static void find_cgroups(const char *name)
{
	char line[4096], point[PATH_MAX], kind[64], options[1024], found[PATH_MAX] = "";
	FILE *mounts = fopen("/proc/self/mounts", "re");

	check(!mounts, "/proc/self/mounts");
	while (fgets(line, sizeof line, mounts)) {
		if (sscanf(line, "%*s %4095s %63s %1023s", point, kind, options) != 3)
			continue;
		if (!strcmp(kind, "cgroup2"))
			join(found, point, name);
		else if (!strcmp(kind, "cgroup") && !strstr(options, "name=") && v1_count < MAX_CGROUPS)
			join(v1[v1_count++], point, name);
	}
	fclose(mounts);
	if (v1_count == 0 || unified_too)
		strcpy(unified, found);
	errno = ENOENT;
	check(v1_count == 0 && !*unified, "no cgroup hierarchy is mounted");
}

/* cpuset gives a new cgroup no processors and no memory nodes, and then takes no process. */
static void inherit_cpuset(const char *cgroup)
{
	static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
	char parent[PATH_MAX], path[PATH_MAX], text[1024];

	strcpy(parent, cgroup);
	*strrchr(parent, '/') = 0;
	for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
		join(path, parent, files[i]);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		ssize_t size = read(fd, text, sizeof text - 1);
		check(size < 0, path);
		close(fd);
		text[size] = 0;
		write_text(cgroup, files[i], text);
	}
}

static int is_controller(const char *cgroup, const char *name)
{
	char file[PATH_MAX];

	join(file, cgroup, name);
	return access(file, F_OK) == 0;
}

static void make_cgroups(void)
{
	static const char *const devices[] = {"c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm",
					      "c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm"};

	for (int i = 0; i < v1_count; i++) {
		check(mkdir(v1[i], 0755), v1[i]);
		inherit_cpuset(v1[i]);
		if (!limits)
			continue;
		if (is_controller(v1[i], "pids.max"))
			write_text(v1[i], "pids.max", "16384");
		if (is_controller(v1[i], "devices.deny")) {
			write_text(v1[i], "devices.deny", "a");
			for (unsigned d = 0; d < sizeof devices / sizeof *devices; d++)
				write_text(v1[i], "devices.allow", devices[d]);
		}
	}
	if (*unified) {
		check(mkdir(unified, 0755), unified);
		if (limits && is_controller(unified, "pids.max"))
			write_text(unified, "pids.max", "16384");
	}
}

static void remove_cgroups(void)
{
	for (int i = 0; i < v1_count; i++)
		check(rmdir(v1[i]), v1[i]);
	if (*unified)
		check(rmdir(unified), unified);
}

static void attach(pid_t child)
{
	char pid[32];

	snprintf(pid, sizeof pid, "%d", child);
	for (int i = 0; i < v1_count; i++)
		write_text(v1[i], "cgroup.procs", pid);
	if (*unified)
		write_text(unified, "cgroup.procs", pid);
}

static void mount_root(char merged[PATH_MAX])
{
	char options[3 * PATH_MAX];

	check(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL), "private /");
	if (bind_root) {
		check(mount(lower, merged, NULL, MS_BIND, NULL), "bind root");
		return;
	}
	snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s/upper,workdir=%s/work%s", lower, scratch, scratch,
		 no_sync ? ",volatile" : "");
	check(mount("overlay", merged, "overlay", 0, options), "overlay");
}

static void mount_inside(void)
{
	static const struct {
		const char *name;
		int major, minor;
	} nodes[] = {{"dev/null", 1, 3},    {"dev/zero", 1, 5}, {"dev/full", 1, 7},
		     {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};
	static const char *const links[][2] = {{"/proc/self/fd", "dev/fd"},
					       {"/proc/self/fd/0", "dev/stdin"},
					       {"/proc/self/fd/1", "dev/stdout"},
					       {"/proc/self/fd/2", "dev/stderr"},
					       {"pts/ptmx", "dev/ptmx"}};
	const unsigned long quiet = MS_NOSUID | MS_NOEXEC | MS_NODEV;

	check(mount("proc", "proc", "proc", quiet, NULL), "proc");
	check(mount("sysfs", "sys", "sysfs", quiet | MS_RDONLY, NULL), "sysfs");
	check(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=64k"), "dev");
	check(mkdir("dev/pts", 0755) || mkdir("dev/shm", 0755) || mkdir("dev/mqueue", 0755), "mkdir in dev");
	check(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620"),
	      "devpts");
	check(mount("shm", "dev/shm", "tmpfs", quiet, "mode=1777,size=64m"), "shm");
	check(mount("mqueue", "dev/mqueue", "mqueue", quiet, NULL), "mqueue");
	mode_t mask = umask(0);
	for (unsigned i = 0; i < sizeof nodes / sizeof *nodes; i++)
		check(mknod(nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)), nodes[i].name);
	umask(mask);
	for (unsigned i = 0; i < sizeof links / sizeof *links; i++)
		check(symlink(links[i][0], links[i][1]), links[i][1]);
}

static void mask_paths(void)
{
	static const char *const hidden[] = {"proc/acpi",	   "proc/asound",     "proc/interrupts",
					     "proc/kcore",	   "proc/keys",       "proc/latency_stats",
					     "proc/sched_debug",   "proc/scsi",       "proc/timer_list",
					     "proc/timer_stats",   "sys/firmware",    "sys/devices/virtual/powercap"};
	static const char *const fixed[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};
	struct stat stat_of;

	/* What is not there is not bound: a bind that fails pays a grace period. */
	for (unsigned i = 0; i < sizeof hidden / sizeof *hidden; i++) {
		if (stat(hidden[i], &stat_of))
			continue;
		if (S_ISDIR(stat_of.st_mode))
			check(mount("tmpfs", hidden[i], "tmpfs", MS_RDONLY, "size=0"), hidden[i]);
		else
			check(mount("dev/null", hidden[i], NULL, MS_BIND, NULL), hidden[i]);
	}
	for (unsigned i = 0; i < sizeof fixed / sizeof *fixed; i++) {
		if (stat(fixed[i], &stat_of))
			continue;
		check(mount(fixed[i], fixed[i], NULL, MS_BIND | MS_REC, NULL), fixed[i]);
		check(mount(NULL, fixed[i], NULL,
			    MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL),
		      fixed[i]);
	}
}

static void loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	check(fd < 0, "socket");
	check(ioctl(fd, SIOCSIFFLAGS, &request), "lo up");
	close(fd);
}

static void drop_privileges(void)
{
	/* chown, dac_override, fsetid, fowner, setgid, setuid, setpcap, net_bind_service, sys_chroot, kill, setfcap */
	static const int kept[] = {0, 1, 4, 3, 6, 7, 8, 10, 18, 5, 31};
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	uint64_t set = 0;

	for (unsigned i = 0; i < sizeof kept / sizeof *kept; i++)
		set |= UINT64_C(1) << kept[i];
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
		if (!(set >> capability & 1))
			check(prctl(PR_CAPBSET_DROP, capability), "bounding set");
	data[0].effective = data[0].permitted = (uint32_t)set;
	data[1].effective = data[1].permitted = (uint32_t)(set >> 32);
	check(syscall(SYS_capset, &header, data) != 0, "capset");
	check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	if (filter.len)
		check(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0, "seccomp");
}

static void container(int attached, char **program)
{
	char merged[PATH_MAX];

	if (by_parent) {
		char byte;
		check(read(attached, &byte, 1) != 1, "waiting for the parent");
	} else {
		for (int i = 0; i < v1_count; i++)
			write_text(v1[i], "tasks", "0");
	}
	join(merged, scratch, "root");
	mount_root(merged);
	check(chdir(merged), merged);
	mount_inside();
	mask_paths();
	loopback_up();
	check(sethostname("floor", 5), "sethostname");
	check(syscall(SYS_pivot_root, ".", ".") != 0, "pivot_root");
	check(umount2(".", MNT_DETACH), "unmounting the old root");
	check(chdir("/"), "chdir /");
	drop_privileges();
	execv(program[0], program);
	check(1, program[0]);
}

static void read_filter(void)
{
	static struct sock_filter code[BPF_MAXINSNS];
	int fd = open(filter_path, O_RDONLY | O_CLOEXEC);

	check(fd < 0, filter_path);
	ssize_t size = read(fd, code, sizeof code);
	check(size <= 0, filter_path);
	close(fd);
	filter.len = (unsigned short)(size / (ssize_t)sizeof *code);
	filter.filter = code;
}

/* Removes what an overlay leaves: folders, one level of them with a known name. */
static void remove_folder(const char *path)
{
	DIR *folder = opendir(path);

	check(!folder, path);
	for (struct dirent *entry; (entry = readdir(folder));) {
		char below[PATH_MAX];
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		join(below, path, entry->d_name);
		if (entry->d_type == DT_DIR)
			remove_folder(below);
		else
			check(unlink(below), below);
	}
	closedir(folder);
	check(rmdir(path), path);
}

int main(int argc, char **argv)
{
	char name[32], own[PATH_MAX], path[PATH_MAX];
	int option, ready[2] = {-1, -1}, status;

	while ((option = getopt(argc, argv, "+bvpulf:")) != -1) {
		switch (option) {
		case 'b': bind_root = 1; break;
		case 'v': no_sync = 1; break;
		case 'p': by_parent = 1; break;
		case 'u': unified_too = 1; break;
		case 'l': limits = 1; break;
		case 'f': filter_path = optarg; break;
		default: return 125;
		}
	}
	if (argc - optind < 3) {
		fprintf(stderr, "usage: floor [-bvpul] [-f FILTER] LOWER SCRATCH PROGRAM [ARG...]\n");
		return 125;
	}
	snprintf(name, sizeof name, "floor-%d", getpid());
	lower = argv[optind];
	join(own, argv[optind + 1], name);
	scratch = own;
	if (filter_path)
		read_filter();
	find_cgroups(name);

	check(mkdir(own, 0755), own);
	static const char *const folders[] = {"root", "upper", "work"};
	for (unsigned i = 0; i < sizeof folders / sizeof *folders; i++) {
		join(path, own, folders[i]);
		check(mkdir(path, 0755), path);
	}
	make_cgroups();
	if (by_parent)
		check(pipe2(ready, O_CLOEXEC), "pipe2");

	struct clone_args args = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP,
		.exit_signal = SIGCHLD,
	};
	int cgroup = -1;
	if (*unified && !by_parent) {
		cgroup = open(unified, O_PATH | O_DIRECTORY | O_CLOEXEC);
		check(cgroup < 0, unified);
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup;
	}
	pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	check(child < 0, "clone3");
	if (child == 0)
		container(ready[0], argv + optind + 2);
	if (by_parent) {
		attach(child);
		check(write(ready[1], "", 1) != 1, "telling the child");
	}
	while (waitpid(child, &status, 0) < 0)
		check(errno != EINTR, "waitpid");
	remove_cgroups();
	remove_folder(own);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
