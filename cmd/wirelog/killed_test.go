//go:build linux

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// asProgram makes the test binary run as the program.
const asProgram = "WIRELOGTEST_RUN_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A capture of a folder that is followed is remembered and deleted when its rows are in files
// that a next run goes on with, not when it has been read: a run that is killed between the
// two loses nothing.
func TestKilledWhileFollowing(t *testing.T) {
	dir := t.TempDir()
	folder, file, state := filepath.Join(dir, "captures"), filepath.Join(dir, "wirelog.yaml"), filepath.Join(dir, ".wirelog", "follow.json")
	capture, err := os.ReadFile("../../testdata/mixed.pcap")
	if err == nil {
		err = os.Mkdir(folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "x.pcap"), capture, 0o600)
	}
	if err == nil {
		// Parquet's rows are in memory until a row group is full.
		err = os.WriteFile(file, []byte("overwrite: true\noutputs:\n- {type: json, dir: "+dir+"/json}\n- {type: parquet, dir: "+dir+"/parquet}\n"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	begin := func() (*exec.Cmd, chan error) {
		cmd := exec.CommandContext(t.Context(), program, "read", "--follow", "--delete-read", "--config", file, "--summary", "none", folder)
		cmd.Env = append(os.Environ(), asProgram+"=1", "XDG_CONFIG_HOME="+dir)
		cmd.Stderr, cmd.Dir = os.Stderr, dir
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		return cmd, ended
	}
	written := func(path string) func() bool {
		return func() bool { fi, err := os.Stat(path); return err == nil && fi.Size() > 0 }
	}
	until := func(ready func() bool, ended chan error) {
		for !ready() {
			select {
			case err := <-ended:
				t.Fatal("the program has ended: ", err)
			default:
				runtime.Gosched()
			}
		}
	}
	remembered := func() (n int) {
		b, err := os.ReadFile(state)
		if err != nil {
			return 0
		}
		var known map[string]any
		if err := json.Unmarshal(b, &known); err != nil {
			t.Error(err)
		}
		return len(known)
	}
	first, ended := begin()
	until(written(filepath.Join(dir, "json", "dns.log")), ended) // so much is read
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-ended
	if n := remembered(); n != 0 {
		t.Errorf("%d captures are remembered, and their rows are lost", n)
	}
	if err := os.RemoveAll(filepath.Join(dir, "json")); err != nil {
		t.Fatal(err)
	}
	second, ended := begin()
	until(written(filepath.Join(dir, "json", "dns.log")), ended)
	if err := second.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the second run: %v", err)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "parquet", "dns", "*", "*", "*.parquet")); len(files) != 1 || remembered() != 1 {
		t.Errorf("parquet files %q, %d captures remembered", files, remembered())
	}
	if _, err := os.Stat(filepath.Join(folder, "x.pcap")); err == nil {
		t.Error("the capture was not deleted")
	}
}
