package memlimit

import (
	"testing"
	"testing/fstest"
)

func TestGroups(t *testing.T) {
	const (
		v1    = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
		v2    = "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
		bound = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
		none  = "9223372036854771712\n"
	)
	for _, tt := range []struct {
		name, mounts, self string
		files              map[string]string
		want               uint64
	}{
		{name: "nothing"},
		{"version 2", v2, "0::/a/b\n", map[string]string{"sys/fs/cgroup/a/b/memory.max": "1000\n", "sys/fs/cgroup/a/memory.max": "max\n"}, 1000},
		{"version 2, above", v2, "0::/a/b\n", map[string]string{"sys/fs/cgroup/a/b/memory.max": "1000\n", "sys/fs/cgroup/a/memory.max": "900\n"}, 900},
		{"version 2, in a namespace", v2, "0::/\n", map[string]string{"sys/fs/cgroup/memory.max": "800\n"}, 800},
		{"version 2, high", v2, "0::/a\n", map[string]string{"sys/fs/cgroup/a/memory.max": "max\n", "sys/fs/cgroup/a/memory.high": "700\n"}, 700},
		{"version 1", v1, "5:cpu:/x\n4:memory:/x\n0::/\n", map[string]string{"sys/fs/cgroup/memory/x/memory.limit_in_bytes": "600\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": none}, 600},
		{"version 1, above the mount", v1, "4:memory:/\n", map[string]string{"sys/fs/cgroup/memory/memory.limit_in_bytes": none, "sys/fs/cgroup/memory/memory.stat": "cache 0\nhierarchical_memory_limit 500\n"}, 500},
		{"version 1, in a container", bound, "4:memory:/docker/abc/sub\n", map[string]string{"sys/fs/cgroup/memory/sub/memory.limit_in_bytes": "400\n"}, 400},
		{"version 1, moved", bound, "4:memory:/elsewhere\n", map[string]string{"sys/fs/cgroup/memory/memory.limit_in_bytes": "300\n"}, 300},
		{"version 1, no limit", v1, "4:memory:/x\n", map[string]string{"sys/fs/cgroup/memory/x/memory.limit_in_bytes": none}, 0},
		{"both, memory in version 1", v1 + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n", "4:memory:/x\n0::/\n", map[string]string{"sys/fs/cgroup/memory/x/memory.limit_in_bytes": "200\n"}, 200},
	} {
		fsys := fstest.MapFS{
			"proc/self/mountinfo": {Data: []byte(tt.mounts)},
			"proc/self/cgroup":    {Data: []byte(tt.self)},
		}
		for name, data := range tt.files {
			fsys[name] = &fstest.MapFile{Data: []byte(data)}
		}
		if got := groups(fsys); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestLeast(t *testing.T) {
	if got := least(0, 5, 3, 0); got != 3 {
		t.Error(got)
	}
	if got := least(0, 0); got != 0 {
		t.Error(got)
	}
}
