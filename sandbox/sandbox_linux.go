//go:build linux && (amd64 || arm64)

package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// Confine confines the whole process, all its threads, to p. The notes say what could not be
// restricted, as by an old kernel. After an error the process may be confined in part.
func Confine(p Profile) (rules *Rules, notes []string, err error) {
	_ = time.Now().Local().String() // reads the time zone, if nobody has yet
	if p.Network {
		p.Read = slices.Concat(p.Read, resolverFiles(resolverConfig), rootCertificates())
	}
	p.Read = append(slices.Clone(p.Read), "/etc/localtime", "/usr/share/zoneinfo")
	if p.Timers {
		p.Read = append(p.Read, "/proc/self/maps")
	}
	rules, fsRules, err := p.rules()
	if err != nil {
		return nil, nil, err
	}
	keep, err := p.capabilities()
	if err != nil {
		return nil, nil, err
	}
	if _, _, e := psx.Syscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); e != 0 {
		return nil, nil, fmt.Errorf("no_new_privs: %w", e)
	}
	switch abi, err := ll.LandlockGetABIVersion(); {
	case err != nil || abi < 2: // the first version has no way to allow a rename to another folder
		notes = append(notes, "the kernel has no Landlock, or its first version: files"+when(p.Network, " and TCP ports")+" are not restricted")
	default:
		if p.Network && abi < 4 {
			notes = append(notes, fmt.Sprintf("the kernel's Landlock is too old (version %d): TCP ports are not restricted", abi))
		}
		if err := landlock.V6.BestEffort().Restrict(fsRules...); err != nil {
			return nil, nil, fmt.Errorf("landlock: %w", err)
		}
	}
	if err := setCapabilities(keep); err != nil {
		return nil, nil, err
	}
	if !seccomp.Supported() {
		return rules, append(notes, "the kernel has no seccomp: system calls are not restricted"), nil
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: p.policy()}); err != nil {
		return nil, nil, err
	}
	return rules, notes, nil
}

func when(is bool, text string) string {
	if is {
		return text
	}
	return ""
}

// Rights of Landlock. None lets anything be executed.
const (
	readFile  = ll.AccessFSReadFile
	readDir   = readFile | ll.AccessFSReadDir
	writeFile = readFile | ll.AccessFSWriteFile | ll.AccessFSTruncate
	writeDir  = writeFile | readDir | ll.AccessFSMakeDir | ll.AccessFSMakeReg | ll.AccessFSMakeSym |
		ll.AccessFSRemoveDir | ll.AccessFSRemoveFile | ll.AccessFSRefer
)

// portOfNames is that of DNS.
const portOfNames = 53

// rules returns what p allows, for the kernel too.
func (p *Profile) rules() (*Rules, []landlock.Rule, error) {
	r := &Rules{}
	var list []landlock.Rule
	add := func(path string, file, dir landlock.AccessFSSet) error {
		fi, err := os.Stat(path)
		if err != nil {
			return nil // who opens it tells why it cannot
		}
		if nowhere(path) {
			return nil // such as a pipe without a name, which Landlock does not restrict
		}
		set := file
		if fi.IsDir() {
			set = dir
		}
		if set == 0 {
			return nil
		}
		list = append(list, landlock.PathAccess(set, path))
		return nil
	}
	for _, path := range p.Read {
		if err := add(path, readFile, readDir); err != nil {
			return nil, nil, err
		}
		r.read = append(r.read, resolve(path))
	}
	for _, path := range p.Write {
		at := writable(path)
		if err := add(at, writeFile, writeDir); err != nil {
			return nil, nil, err
		}
		r.write = append(r.write, resolve(at))
	}
	for _, path := range p.Prune {
		if err := add(path, 0, ll.AccessFSRemoveDir); err != nil {
			return nil, nil, err
		}
	}
	if p.Network {
		r.resolver.path = resolverConfig
		r.resolver.info, _ = os.Stat(resolverConfig) // nil if it is not there
		r.ports = append(slices.Clone(p.Connect), portOfNames)
		for _, port := range r.ports {
			list = append(list, landlock.ConnectTCP(port))
		}
	}
	return r, list, nil
}

// nowhere reports whether path leads to something that is on no file system with names.
func nowhere(path string) bool {
	var st unix.Statfs_t
	if unix.Statfs(path, &st) != nil {
		return false
	}
	const sockets = 0x534f434b
	return st.Type == unix.PIPEFS_MAGIC || st.Type == sockets || st.Type == unix.ANON_INODE_FS_MAGIC
}

const resolverConfig = "/etc/resolv.conf"

// resolverFiles are what names are looked up with. The folder of conf is there if conf is a link
// to one of its own, where others replace it.
func resolverFiles(conf string) []string {
	list := []string{"/etc/hosts", "/etc/nsswitch.conf", "/etc/services", "/etc/protocols", conf}
	if real, err := filepath.EvalSymlinks(conf); err == nil && filepath.Dir(real) != filepath.Dir(conf) {
		list = append(list, filepath.Dir(real))
	}
	return list
}

// rootCertificates are where package crypto/x509 finds those of the system, when it first needs
// them.
func rootCertificates() []string {
	list := []string{
		"/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem", "/etc/pki/tls/certs", "/etc/pki/tls/cert.pem",
		"/etc/pki/tls/cacert.pem", "/etc/pki/ca-trust/extracted", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
	}
	if file := os.Getenv("SSL_CERT_FILE"); file != "" {
		list = append(list, file)
	}
	return append(list, filepath.SplitList(os.Getenv("SSL_CERT_DIR"))...)
}

// DropCapabilities gives up all capabilities, in all threads. Programs that root runs get theirs
// again.
func DropCapabilities() error { return setCapabilities(0) }

// access are the capabilities to open files of others.
const access = 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH

// capabilities returns those to keep. The error says what cannot be written without them.
func (p *Profile) capabilities() (keep uint64, err error) {
	h := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var had [2]unix.CapUserData
	if err := unix.Capget(&h, &had[0]); err != nil {
		return 0, fmt.Errorf("capabilities: %w", err)
	}
	if had[0].Permitted&access == 0 {
		return 0, nil
	}
	if p.KeepAccess && p.Follow {
		return uint64(had[0].Permitted & access), nil // what comes is not known
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	without := had
	without[0].Effective &^= access
	if err := unix.Capset(&h, &without[0]); err != nil {
		return 0, fmt.Errorf("capabilities: %w", err)
	}
	denied := p.denied()
	if err := unix.Capset(&h, &had[0]); err != nil {
		return 0, fmt.Errorf("capabilities: %w", err)
	}
	switch {
	case denied == "":
		return 0, nil
	case p.KeepAccess:
		return uint64(had[0].Permitted & access), nil
	}
	return 0, fmt.Errorf("%s belongs to others, and cannot be opened without the capabilities that are given up: change its owner, or run as its owner", denied)
}

// denied returns a path of p that this thread may not open, or "".
func (p *Profile) denied() string {
	may := func(path string, mode uint32) bool {
		err := unix.Faccessat(unix.AT_FDCWD, path, mode, unix.AT_EACCESS)
		return err == nil || !errors.Is(err, unix.EACCES)
	}
	for _, path := range p.Write {
		at := writable(path)
		mode := uint32(unix.W_OK)
		if fi, err := os.Stat(at); err == nil && fi.IsDir() {
			mode |= unix.X_OK
		}
		if !may(at, mode) {
			return at
		}
	}
	if !p.KeepAccess {
		return "" // what is read then is optional
	}
	for _, path := range p.Read {
		if strings.HasPrefix(path, "/etc/") || strings.HasPrefix(path, "/usr/share/") {
			continue
		}
		denied := ""
		_ = filepath.WalkDir(path, func(at string, d fs.DirEntry, err error) error {
			switch {
			case err == nil && may(at, unix.R_OK):
				return nil
			case errors.Is(err, fs.ErrNotExist):
				return nil
			}
			denied = at
			return fs.SkipAll
		})
		if denied != "" {
			return denied
		}
	}
	return ""
}

// capset is what setCapabilities passes to the kernel. It is not on a stack, which may move.
var capset struct {
	header unix.CapUserHeader
	data   [2]unix.CapUserData
}

// setCapabilities gives up all capabilities but keep, in all threads.
func setCapabilities(keep uint64) error {
	capset.header.Version = unix.LINUX_CAPABILITY_VERSION_3
	capset.data[0] = unix.CapUserData{Effective: uint32(keep), Permitted: uint32(keep)}
	_, _, e := psx.Syscall3(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&capset.header)), uintptr(unsafe.Pointer(&capset.data)), 0)
	if e != 0 {
		return fmt.Errorf("capabilities: %w", e)
	}
	return nil
}
