package capture

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// TestUnreadable reads a directory in which a capture and a directory cannot be read.
func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	spec := plainPcap()
	for _, name := range []string{"a.pcap", "b.pcap"} {
		if err := os.WriteFile(filepath.Join(dir, name), spec.packet(spec.header(), 1, 0, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "lost+found"), 0o000); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "a.pcap"), 0o000); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		// Root may read everything.
		for _, d := range []string{filepath.Dir(dir), dir} {
			if err := os.Chmod(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := syscall.Setfsuid(65534); err != nil {
			t.Skip(err)
		}
		defer syscall.Setfsuid(0)
	}
	r := open(t, Options{}, dir)
	all := readAll(t, r)
	if len(all) != 1 || all[0].data != "b.pcap" {
		t.Errorf("packets %v", all)
	}
	err := r.err()
	if err == nil || len(r.Damage()) != 2 || !strings.Contains(err.Error(), "a.pcap: damaged at offset 0: cannot be opened: open ") || !strings.Contains(err.Error(), "lost+found: cannot be read: permission denied") {
		t.Errorf("damage %v", err)
	}
}
