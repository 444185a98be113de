package writers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/wirelog/wirelog/writers/internal/claims"
)

// A finisher finishes the files that a rotator has ended, while the next ones are being
// written: it syncs and compresses them, gives them their final names, and runs the
// command. When too many files wait, writing waits too.
//
// A file goes through up to three hidden names, which tell the next run what is left to
// do: ".open" may end in the middle of a row; ".tmp" is a compressed copy that may be
// incomplete and is thrown away; ".done" is complete and lacks only its final name.
type finisher struct {
	dir, ext, format, output string
	rotation                 Rotation
	names                    *names
	footer                   func([]byte, time.Time) []byte
	env                      Env
	command                  func(context.Context, *Command) error
	// claim records the finished files; it may be nil.
	claim *claims.Claim
	// growing means that files have their plain names while they are written; toldPlain,
	// that a notice has said why one has not.
	growing, toldPlain bool

	mu      sync.Mutex // guards the making of queue
	queue   chan finishing
	working sync.WaitGroup
}

// finishing is a file to be finished.
type finishing struct {
	handle *os.File // open and locked
	name   string   // within the folder
	log    string
	// open and closed are the times for the file's final name.
	open, closed int64
	counts       *Counts
}

const (
	tmpSuffix  = ".tmp"
	doneSuffix = ".done"
	// maxFinishing is how many files may wait for the finisher.
	maxFinishing = 4
)

// Marks of outputs that write files.
const (
	markUnfinished = "files not finished"
	markCommand    = "failed commands"
	markCompress   = "files not compressed"
)

func newFinisher(o *Output, env Env, footer func([]byte, time.Time) []byte, command func(context.Context, *Command) error) (*finisher, error) {
	if err := o.Rotation.Check(); err != nil {
		return nil, err
	}
	if c := o.Rotation.Command; len(c) > 0 {
		if _, err := exec.LookPath(c[0]); err != nil {
			return nil, fmt.Errorf("command: %w", err)
		}
	}
	n, err := o.Rotation.parseNames()
	return &finisher{
		dir: o.Dir, ext: o.Format.Ext(), format: o.Format.Name(), output: o.name(),
		rotation: o.Rotation, names: n, footer: footer, env: env, command: command,
	}, err
}

func (f *finisher) path(name string) string { return filepath.Join(f.dir, name) }

// add queues a file.
func (f *finisher) add(job finishing) {
	f.mu.Lock()
	if f.queue == nil {
		f.queue = make(chan finishing, maxFinishing)
		f.working.Go(func() {
			for job := range f.queue {
				f.finish(job)
			}
		})
	}
	f.mu.Unlock()
	f.queue <- job
}

// close waits until all files are finished.
func (f *finisher) close() {
	if f.queue != nil {
		close(f.queue)
		f.working.Wait()
		f.queue = nil
	}
}

// finish finishes one file and reports what fails. A file that cannot be finished keeps
// its hidden name, and the next run tries again.
func (f *finisher) finish(job finishing) {
	root, err := os.OpenRoot(f.dir)
	if err == nil {
		defer root.Close()
		err = errors.Join(job.handle.Sync(), f.complete(root, &job))
	}
	err = errors.Join(err, job.handle.Close())
	var final string
	if err == nil {
		final, err = f.publish(root, job.name, job.log, job.open, job.closed)
	}
	if err != nil {
		f.env.Alarm.Fault(markUnfinished, fmt.Errorf("%s is not finished: %w", f.path(job.name), err))
		job.counts.Mark(markUnfinished, true).Add(1)
		return
	}
	if err := f.run(final, &job); err != nil {
		f.env.Alarm.Fault(markCommand, fmt.Errorf("%s: %s: %w", f.path(final), f.rotation.Command[0], err))
		job.counts.Mark(markCommand, true).Add(1)
	}
}

// complete brings the file to its ".done" form, compressed if so configured.
func (f *finisher) complete(root *os.Root, job *finishing) error {
	base := hiddenName(job.log, f.ext, f.format, job.open, "."+strconv.FormatInt(job.closed, 10))
	if ext := f.compressed(); ext != "" {
		// The extension tells the next run how the file is compressed.
		tmp, done := base+ext+tmpSuffix, base+ext+doneSuffix
		err := f.compress(root, job.name, tmp)
		if err == nil {
			if err = root.Rename(tmp, done); err == nil {
				old := job.name
				job.name = done
				return root.Remove(old)
			}
		}
		// Nothing is lost; the file is only larger.
		f.env.Alarm.Fault(markCompress, fmt.Errorf("%s is not compressed: %w", f.path(job.name), err))
		job.counts.Mark(markCompress, true).Add(1)
		if err := root.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	done := base + doneSuffix
	if err := root.Rename(job.name, done); err != nil {
		return err
	}
	job.name = done
	return nil
}

// compressed returns the extension of compressed files, or "" without compression.
func (f *finisher) compressed() string {
	switch f.rotation.Compress {
	case compressGzip:
		return ".gz"
	case compressZstd:
		return ".zst"
	default:
		return ""
	}
}

func (f *finisher) compress(root *os.Root, from, to string) (err error) {
	in, err := root.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // opened for reading only
	out, err := root.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, f.env.Perm())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	var z io.WriteCloser
	if f.rotation.Compress == compressGzip {
		z = gzip.NewWriter(out)
	} else if z, err = zstd.NewWriter(out, zstd.WithEncoderConcurrency(1)); err != nil {
		return err
	}
	if _, err := io.Copy(z, in); err != nil {
		return err
	}
	return errors.Join(z.Close(), out.Sync())
}

// publish gives a ".done" file its final name and returns that. It never replaces a
// file: if the name is taken, it adds a number.
func (f *finisher) publish(root *os.Root, done, log string, open, closed int64) (string, error) {
	ext := f.ext
	for _, z := range []string{".gz", ".zst"} {
		if strings.HasSuffix(done, z+doneSuffix) {
			ext += z
		}
	}
	name := f.names.make(log, f.env.Sensor, time.Unix(0, open), time.Unix(0, closed))
	if dir := path.Dir(name); dir != "." {
		if err := root.MkdirAll(filepath.FromSlash(dir), f.env.DirPerm()); err != nil {
			return "", err
		}
	}
	for i := 1; ; i++ {
		final := name + ext
		if i > 1 {
			final = name + "-" + strconv.Itoa(i) + ext
		}
		final = filepath.FromSlash(final)
		_, there := root.Lstat(final)
		if there != nil {
			f.claim.Add(final)
		}
		err := root.Link(done, final)
		switch {
		case err == nil, sameFile(root, done, final):
			// A run that was killed at this point has left both names.
			err := root.Remove(done)
			f.syncDir(filepath.Dir(final))
			return final, err
		case errors.Is(err, fs.ErrExist):
		default:
			// The file system has no hard links.
			if _, err := root.Lstat(final); err == nil {
				continue
			}
			if err := root.Rename(done, final); err != nil {
				return "", err
			}
			f.syncDir(filepath.Dir(final))
			return final, nil
		}
	}
}

func sameFile(root *os.Root, a, b string) bool {
	fa, err := root.Lstat(a)
	if err != nil {
		return false
	}
	fb, err := root.Lstat(b)
	return err == nil && os.SameFile(fa, fb)
}

// syncDir makes a new name durable where the system supports it.
func (f *finisher) syncDir(dir string) {
	if d, err := os.Open(f.path(dir)); err == nil {
		_ = d.Sync() // the file itself has been synced
		_ = d.Close()
	}
}

// run runs the command for a finished file.
func (f *finisher) run(final string, job *finishing) error {
	program := f.rotation.Command
	if len(program) == 0 {
		return nil
	}
	seconds := func(t int64) string { return strconv.FormatFloat(float64(t)/1e9, 'f', 6, 64) }
	return f.command(f.env.Hurry, &Command{
		Program: program, File: f.path(final), Timeout: f.rotation.CommandTimeout,
		Env: []string{"WIRELOG_LOG=" + job.log, "WIRELOG_OUTPUT=" + f.output,
			"WIRELOG_OPEN=" + seconds(job.open), "WIRELOG_CLOSE=" + seconds(job.closed)},
	})
}

// A Command is a program to be run for a finished file.
type Command struct {
	// Program is the program with its arguments, which File follows.
	Program []string
	File    string
	// Env is added to the environment of this process, NAME=VALUE.
	Env []string
	// Timeout is when the program is stopped; 0 is never.
	Timeout time.Duration
}

// Run runs the program as a child of this process, until hurry is done at the latest, and waits
// for its end. The error has the last line that it has printed.
func (c *Command) Run(hurry context.Context) error {
	ctx := hurry
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, c.Program[0], append(c.Program[1:len(c.Program):len(c.Program)], c.File)...)
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(), c.Env...)
	var said tail
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	switch {
	case hurry.Err() != nil && err != nil:
		err = errors.New("was stopped: the time to wait at the end of the run was over")
	case ctx.Err() != nil && hurry.Err() == nil:
		err = fmt.Errorf("took longer than %s", c.Timeout)
	}
	if err != nil {
		if line := strings.TrimSpace(said.line()); line != "" {
			err = fmt.Errorf("%w: %s", err, line)
		}
	}
	return err
}

// A tail keeps the last bytes that were written to it.
type tail struct{ buf []byte }

func (t *tail) Write(p []byte) (int, error) {
	const most = 4 << 10
	t.buf = append(t.buf, p...)
	if n := len(t.buf) - most; n > 0 {
		t.buf = t.buf[:copy(t.buf, t.buf[n:])]
	}
	return len(p), nil
}

// line returns the last line that is not empty.
func (t *tail) line() string {
	b := bytes.TrimSpace(t.buf)
	return string(b[bytes.LastIndexByte(b, '\n')+1:])
}
