package lockfile

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Processes that end remove the folder while others begin.
func TestOpenFolderRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			path := filepath.Join(dir, fmt.Sprint(i))
			for range 500 {
				f, err := Open(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600, 0o700)
				if err != nil {
					t.Error(err)
					return
				}
				_ = f.Close()
				_ = os.Remove(path)
				_ = os.Remove(dir)
				_ = os.Remove(filepath.Dir(dir))
			}
		})
	}
	all.Wait()
}

func TestOpenError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(file, "below"), file} {
		if f, err := Open(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600, 0o700); err == nil {
			_ = f.Close()
			t.Errorf("%s: opened", path)
		}
	}
}
