// Package memlimit finds out how much memory this process may use.
package memlimit

import (
	"bufio"
	"bytes"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
)

// Available returns the bytes of memory that the process may use: the least of the
// machine's memory and the limits of its control groups, version 1 or 2, and of the
// groups above them. It is 0 if nothing is known.
func Available() uint64 {
	return least(machine(), groups(root))
}

// least returns the least of the numbers that are not 0, or 0.
func least(list ...uint64) uint64 {
	n := uint64(math.MaxUint64)
	for _, v := range list {
		if v != 0 {
			n = min(n, v)
		}
	}
	if n == math.MaxUint64 {
		return 0
	}
	return n
}

// groups returns the least limit of the control groups of the process, or 0 if there is
// none. fsys is the root of the file system. See cgroups(7) and proc_pid_mountinfo(5).
func groups(fsys fs.FS) uint64 {
	mounts := mounts(fsys)
	var found uint64
	lines(fsys, "proc/self/cgroup", func(line string) {
		// hierarchy:controllers:path, and 0::path in version 2.
		f := strings.SplitN(line, ":", 3)
		if len(f) != 3 {
			return
		}
		v1 := hasOption(f[1], "memory")
		if !v1 && (f[0] != "0" || f[1] != "") {
			return
		}
		for _, m := range mounts {
			if m.v1 == v1 {
				found = least(found, m.limit(fsys, f[2]))
			}
		}
	})
	return found
}

// A mount is a place where a hierarchy of control groups is mounted.
type mount struct {
	v1   bool
	root string // the group that is visible at dir
	dir  string // without the leading slash
}

func mounts(fsys fs.FS) (list []mount) {
	lines(fsys, "proc/self/mountinfo", func(line string) {
		before, after, _ := strings.Cut(line, " - ")
		f, kind := strings.Fields(before), strings.Fields(after)
		if len(f) < 5 || len(kind) < 3 {
			return
		}
		v1 := kind[0] == "cgroup" && hasOption(kind[2], "memory")
		if v1 || kind[0] == "cgroup2" {
			list = append(list, mount{v1, unescape(f[3]), strings.TrimPrefix(unescape(f[4]), "/")})
		}
	})
	return list
}

// unescape resolves the octal escape of a blank in mountinfo.
func unescape(s string) string { return strings.ReplaceAll(s, `\040`, " ") }

func hasOption(list, name string) bool {
	for o := range strings.SplitSeq(list, ",") {
		if o == name {
			return true
		}
	}
	return false
}

// limit returns the least limit of a group and of those above it that are visible.
func (m *mount) limit(fsys fs.FS, group string) (found uint64) {
	// In a container the path may be that outside of it, or begin above the mount.
	rel, ok := strings.CutPrefix(group, m.root)
	if !ok && m.root != "/" {
		rel = "/"
	}
	for rel = path.Join("/", rel); ; rel = path.Dir(rel) {
		dir := path.Join(m.dir, rel)
		if m.v1 {
			found = least(found, number(fsys, path.Join(dir, "memory.limit_in_bytes")))
			// This one includes groups above the mount.
			lines(fsys, path.Join(dir, "memory.stat"), func(line string) {
				if v, ok := strings.CutPrefix(line, "hierarchical_memory_limit "); ok {
					found = least(found, parse(v))
				}
			})
		} else {
			found = least(found, number(fsys, path.Join(dir, "memory.max")), number(fsys, path.Join(dir, "memory.high")))
		}
		if rel == "/" {
			return found
		}
	}
}

// unlimited is the least number that stands for no limit: version 1 writes the greatest
// multiple of the page size.
const unlimited = 1 << 60

// parse returns the number in a file of a control group, or 0 if that means no limit.
func parse(s string) uint64 {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 64)
	if err != nil || n >= unlimited {
		return 0
	}
	return n
}

func number(fsys fs.FS, name string) uint64 {
	b, err := fs.ReadFile(fsys, name)
	if err != nil {
		return 0
	}
	return parse(string(b))
}

func lines(fsys fs.FS, name string, f func(line string)) {
	b, err := fs.ReadFile(fsys, name)
	if err != nil {
		return
	}
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		f(s.Text())
	}
}
