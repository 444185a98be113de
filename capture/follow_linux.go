package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// folderWatch learns which files of a folder have been closed or renamed into it.
type folderWatch struct {
	fd     int
	closed map[string]bool
}

func (w *folderWatch) open(dir string) error {
	w.closed = map[string]bool{}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("inotify_init1", err)
	}
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_CLOSE_WRITE|unix.IN_MOVED_TO); err != nil {
		return errors.Join(os.NewSyscallError("inotify_add_watch", err), unix.Close(fd))
	}
	w.fd = fd
	return nil
}

// drain takes the events that have come. Some are lost if there are many; files are then
// complete when a newer one comes.
func (w *folderWatch) drain() {
	var buf [16 << 10]byte
	for {
		n, err := unix.Read(w.fd, buf[:])
		if err != nil || n <= 0 {
			return
		}
		for b := buf[:n]; len(b) >= unix.SizeofInotifyEvent; {
			size := int(binary.NativeEndian.Uint32(b[12:]))
			name, _, _ := bytes.Cut(b[unix.SizeofInotifyEvent:unix.SizeofInotifyEvent+size], []byte{0})
			w.closed[string(name)] = true
			b = b[unix.SizeofInotifyEvent+size:]
		}
	}
}

func (w *folderWatch) close() error { return unix.Close(w.fd) }

// writing reports whether somebody has a file open for writing: then nobody gets a lease to
// read it. Leases are for the owner of a file, and not on all file systems.
func writing(path string) answer {
	f, err := os.Open(path)
	if err != nil {
		return unknown
	}
	defer f.Close()
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	switch {
	case err == nil:
		_, _ = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
		return no
	case errors.Is(err, unix.EAGAIN):
		return yes
	}
	return unknown
}
