// Package sandbox lets a program give up, before it reads what others have sent, everything that
// it does not need: privileges and capabilities, files outside its own folders, TCP ports but
// its own (Landlock), and system calls (seccomp). On other systems than Linux it gives up
// nothing. There is no way back.
package sandbox

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Options say whether the program confines itself, and what it may do besides.
type Options struct {
	Mode  string   `key:"sandbox.mode" flag:"sandbox" oneof:"on,off" doc:"on confines the program, before it reads input, to its own files, TCP ports and system calls, without privileges (Linux); off does not"`
	Paths []string `key:"sandbox.paths" is:"paths" flag:"sandbox-paths" doc:"files and folders that the program may read and write besides its own, such as those of a configuration that comes later"`
	Ports []uint16 `key:"sandbox.ports" flag:"sandbox-ports" doc:"TCP ports that the program may connect to besides those of its brokers"`
}

// Values of Options.Mode.
const (
	on  = "on"
	Off = "off"
)

// DefaultOptions returns the defaults.
func DefaultOptions() Options { return Options{Mode: on} }

// A Profile is what a program needs when everything that is to be open is open. Descriptors that
// are open are not restricted.
type Profile struct {
	// Read and Write are files, and folders with all below. Paths that are not there are left
	// out of Read; the folder of a file in Write may be written, so that the file can be made
	// and replaced.
	Read, Write []string
	// Prune are folders below which empty folders may be removed.
	Prune []string
	// Network is set if the program connects to hosts, at the TCP ports Connect and, for names,
	// port 53.
	Network bool
	Connect []uint16
	// Serve is set if it accepts connections at sockets that are open.
	Serve bool
	// Capture is set if it has packet sockets.
	Capture bool
	// Follow is set if it waits for files to come.
	Follow bool
	// Timers is set if it makes CPU profiles.
	Timers bool
	// KeepAccess keeps the capabilities to open files of others, if it has them and cannot do
	// without them for what is in Read and Write.
	KeepAccess bool
}

// Rules are what a program that has been confined may still open. Methods of a nil *Rules allow
// everything. They may be called by several goroutines.
type Rules struct {
	read, write []string // without symbolic links
	ports       []uint16
	// resolver is the file that says whom names are asked of; its path is empty without Network.
	resolver struct {
		path string
		info fs.FileInfo // at the start
	}
}

// ResolverLost reports whether the file that says whom names are asked of has been replaced by
// one that may not be read, and returns its path.
func (r *Rules) ResolverLost() (path string, lost bool) {
	if r == nil || r.resolver.path == "" {
		return "", false
	}
	path = r.resolver.path
	now, err := os.Stat(path)
	return path, err == nil && (r.resolver.info == nil || !os.SameFile(now, r.resolver.info)) && !below(path, r.folders())
}

// folders are what may be read that is a folder: what comes into it may be read too.
func (r *Rules) folders() []string {
	return slices.DeleteFunc(slices.Concat(r.read, r.write), func(path string) bool {
		fi, err := os.Stat(path)
		return err != nil || !fi.IsDir()
	})
}

// AllowsRead reports whether a file, or a folder with all below, may be read.
func (r *Rules) AllowsRead(path string) bool {
	return r == nil || below(path, r.read) || below(path, r.write)
}

// AllowsWrite reports whether a file or folder may be made, written and removed. It need not be
// there.
func (r *Rules) AllowsWrite(path string) bool { return r == nil || below(path, r.write) }

// AllowsPort reports whether the program may connect to a TCP port.
func (r *Rules) AllowsPort(port uint16) bool { return r == nil || slices.Contains(r.ports, port) }

// below reports whether path is one of list or below one.
func below(path string, list []string) bool {
	real := resolve(path)
	return slices.ContainsFunc(list, func(dir string) bool {
		return real == dir || strings.HasPrefix(real, strings.TrimSuffix(dir, "/")+"/")
	})
}

// resolve returns a path in full and without symbolic links, as far as it exists.
func resolve(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	rest := ""
	for at := path; ; at = filepath.Dir(at) {
		real, err := filepath.EvalSymlinks(at)
		if err == nil {
			return filepath.Join(real, rest)
		}
		if !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			return path
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}

// writable returns what has to be writable so that path can be written: a folder; the folder of a
// file, or the nearest one that is there; or a device or pipe itself.
func writable(path string) string {
	fi, err := os.Stat(path)
	switch {
	case err == nil && (fi.IsDir() || !fi.Mode().IsRegular()):
		return path
	case err == nil:
		return filepath.Dir(resolve(path))
	}
	for at := filepath.Dir(path); ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil || at == filepath.Dir(at) {
			return at
		}
	}
}
