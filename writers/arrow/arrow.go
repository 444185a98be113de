// Package arrow writes logs in Arrow's IPC formats: as files, or as streams that may go
// to standard output.
//
// A file is written as a stream under a hidden name, complete after every batch, and
// converted when it ends. If a run is killed, the next one does that.
package arrow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/internal/claims"
	"github.com/wirelog/wirelog/writers/internal/lockfile"
	"github.com/wirelog/wirelog/writers/row"
)

// Forms of files.
const (
	formFile   = "file"   // with an index of its batches at the end: {log}.arrow
	FormStream = "stream" // read from the beginning: {log}.arrows
)

// Compressions of the batches' columns.
const (
	compressNone = "none"
	compressLZ4  = "lz4"
	compressZstd = "zstd"
)

// stdout is the path that stands for standard output.
const stdout = "-"

// Settings say where and how files are written.
type Settings struct {
	// Dir is created when the first record comes. A finished file replaces one of the
	// same name, which Start refuses if the run claims folders.
	Dir string
	// Path is the file of the only log, instead of Dir. Standard output and any path
	// that is not a regular file get a stream.
	Path string
	// Form is "file", with an index of the batches at the end, or "stream".
	Form string
	// Compress is the compression of the batches' columns: "none", "lz4" or "zstd".
	Compress string
	// Flat keeps dotted names instead of making structs.
	Flat bool
	// Batch is about how many bytes a batch of a log may take before it is written.
	Batch int
}

// Default returns the default settings, for a folder.
func Default(dir string) Settings {
	return Settings{Dir: dir, Form: formFile, Compress: compressNone, Batch: 1 << 20}
}

// Check returns an error if the settings are invalid.
func (s *Settings) Check() error {
	switch {
	case s.Form != formFile && s.Form != FormStream:
		return fmt.Errorf("form: want %s or %s, got %q", formFile, FormStream, s.Form)
	case s.Compress != compressNone && s.Compress != compressLZ4 && s.Compress != compressZstd:
		return fmt.Errorf("compress: want %s, %s or %s, got %q", compressNone, compressLZ4, compressZstd, s.Compress)
	case s.Batch <= 0:
		return errors.New("batch must be above 0")
	}
	return nil
}

// options returns the options of the library's writers.
func (s *Settings) options(more ...ipc.Option) []ipc.Option {
	switch s.Compress {
	case compressLZ4:
		more = append(more, ipc.WithLZ4())
	case compressZstd:
		more = append(more, ipc.WithZstd())
	}
	return more
}

// ext returns the extension of files.
func (s *Settings) ext() string {
	if s.Form == FormStream {
		return ".arrows"
	}
	return ".arrow"
}

// file returns the path of a log's file.
func (s *Settings) file(log string) string {
	if s.Path != "" {
		return s.Path
	}
	return filepath.Join(s.Dir, log+s.ext())
}

// direct reports whether output is written in place, because it cannot be renamed.
func (s *Settings) direct() bool {
	if s.Path == stdout {
		return true
	}
	fi, err := os.Stat(s.Path)
	return s.Path != "" && err == nil && !fi.Mode().IsRegular()
}

const openSuffix = ".open"

// hidden returns the path of an unfinished file.
func hidden(path string) string {
	dir, base := filepath.Split(path)
	return dir + "." + base + openSuffix
}

// Place is the writers.Place of Arrow files.
type Place struct {
	settings Settings
	env      writers.Env
	claim    *claims.Claim
}

// New returns a place with settings that Check accepts.
func New(s Settings) *Place { return &Place{settings: s} }

// Type returns "arrow".
func (p *Place) Type() string { return "arrow" }

// Start claims the folder for the run, and finishes files that a killed run left behind.
func (p *Place) Start(env writers.Env) error {
	p.env = env
	if p.env.Alarm == nil {
		p.env.Alarm = writers.NewAlarm(p.Type(), env.Report, env.Notice)
	}
	if p.settings.direct() {
		return nil
	}
	if err := p.take(); err != nil {
		return err
	}
	dir := p.settings.Dir
	if p.settings.Path != "" {
		dir = filepath.Dir(p.settings.Path)
	} else if fi, err := os.Stat(dir); err == nil && !fi.IsDir() {
		return fmt.Errorf("%s is not a folder", dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			p.fail("", err)
		}
		return nil
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), openSuffix)
		if !ok || !e.Type().IsRegular() || name[:1] != "." || filepath.Ext(name) != p.settings.ext() {
			continue
		}
		if p.settings.Path != "" && name[1:] != filepath.Base(p.settings.Path) {
			continue
		}
		if err := p.recover(filepath.Join(dir, name[1:])); err != nil {
			env.Report(fmt.Errorf("%s: left by an earlier run: %w", filepath.Join(dir, e.Name()), err))
		}
	}
	return nil
}

// take claims the folder of the place, or its only file.
func (p *Place) take() (err error) {
	if path := p.settings.Path; path != "" {
		if p.env.Claims == nil || p.env.Claims.Overwrites() {
			return nil
		}
		if fi, err := os.Stat(path); err == nil && fi.Size() > 0 {
			return &claims.TakenError{Dir: path, What: fmt.Sprintf("%d bytes already", fi.Size())}
		}
		return nil
	}
	var plain []string
	for _, s := range schemas.All() {
		plain = append(plain, s.Name+p.settings.ext())
	}
	p.claim, err = p.env.Claims.Take(p.settings.Dir, claims.Names, plain)
	return err
}

// recover finishes a file that was left behind, under a name of its own.
func (p *Place) recover(path string) error {
	f, err := os.OpenFile(hidden(path), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was synced or is given up
	if errors.Is(lockfile.Lock(f), lockfile.ErrLocked) {
		return nil
	}
	end, batches, err := wholeBatches(f)
	if err != nil {
		return err
	}
	if batches == 0 {
		p.env.Notice(hidden(path) + ": left by an earlier run without a whole batch: removed")
		return os.Remove(hidden(path))
	}
	if err := f.Truncate(end); err != nil {
		return err
	}
	if _, err := f.WriteAt(endOfStream, end); err != nil {
		return err
	}
	stem := strings.TrimSuffix(path, filepath.Ext(path)) + "-recovered"
	to := stem + filepath.Ext(path)
	for i := 2; ; i++ {
		if _, err := os.Lstat(to); err != nil {
			break
		}
		to = fmt.Sprintf("%s-%d%s", stem, i, filepath.Ext(path))
	}
	if err := p.finish(f, hidden(path), to); err != nil {
		return err
	}
	p.env.Notice(fmt.Sprintf("%s: left by an earlier run with %d batches: finished now", to, batches))
	return nil
}

// Check implements writers.Checker: Start has tried the folder.
func (p *Place) Check(context.Context) error { return nil }

// Encoder returns an encoder of typed rows.
func (p *Place) Encoder(info writers.StreamInfo) writers.RowEncoder { return row.New(info.Groups) }

// Open opens the stream of a log.
func (p *Place) Open(info writers.StreamInfo) (writers.Stream, error) {
	if info.Schema == nil {
		return nil, fmt.Errorf("%s: Arrow takes logs, not lines", info.Log)
	}
	if p.claim != nil {
		// The log may be one that this build does not know.
		if _, err := info.Claims.Take(p.settings.Dir, claims.Names, []string{info.Log + p.settings.ext()}); err != nil {
			return nil, err
		}
	}
	return newStream(p, info)
}

// Close does nothing: the streams have closed their files.
func (p *Place) Close() error { return nil }

// fail tells the user that the log, or the folder for "", cannot be written.
func (p *Place) fail(log string, err error) { p.env.Alarm.Fail(log, err) }
