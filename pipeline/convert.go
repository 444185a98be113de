package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/wirelog/wirelog/readers"
	"github.com/wirelog/wirelog/readers/row"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/arrow"
	"github.com/wirelog/wirelog/writers/tsv"
)

// ConvertOptions say what Convert reads and writes.
type ConvertOptions struct {
	// Paths are files of logs, and folders of such; "-" is standard input.
	Paths []string
	// Log names the log of files that do not say it themselves. If it is empty,
	// the file's name does.
	Log string
	// Logs are the logs to convert, as schemas.PickNames has it; none means all.
	Logs []string
	// Dir is the folder for what is written, or "-" for Stdout, and Format what that is,
	// one of OutputTypes.
	Dir, Format string
	// Stdout is where "-" writes; nil is standard output.
	Stdout io.Writer
	// Naming is that of JSONSettings, Timestamps also that of CSVSettings.
	Naming, Timestamps string
	// Streaming asks for the streaming form of JSON or Arrow:
	// JSONSettings.Streaming, or ArrowSettings.Form.
	Streaming bool
	// Flat and AllColumns are those of ParquetSettings and ArrowSettings.
	Flat, AllColumns bool
	// Compress is as in FileSettings, or as in ArrowSettings.
	Compress string
	// Overwrite replaces the files of an earlier conversion or run, as Options.Overwrite does.
	Overwrite bool
	// Report is called with each error as it occurs, Notice with remarks that
	// are not errors. Both may be nil.
	Report  func(error)
	Notice  func(string)
	Version string
}

// ErrConvert is the error of Convert when its output lacks something; the
// reasons went to ConvertOptions.Report.
var ErrConvert = errors.New("not everything was converted")

// A convertError is an ErrConvert with a message of its own.
type convertError struct{ err error }

func (e convertError) Error() string      { return e.err.Error() }
func (e convertError) Unwrap() error      { return e.err }
func (convertError) Is(target error) bool { return target == ErrConvert }

// maxRowErrors is how many bad rows of a file are reported one by one.
const maxRowErrors = 10

// convertBatch is how many rows are written at a time.
const convertBatch = 4096

// A conversion is one run of Convert.
type conversion struct {
	opts  *ConvertOptions
	files []*readers.File
	// named are the paths of files.
	named  map[string]bool
	union  readers.Union
	logs   []*schemas.Schema // to write
	failed bool
	// clock is the latest time of a row, next the number of rows.
	clock int64
	next  uint64
}

// Convert writes the rows of logs in another format; the rows of a log are in the
// order of Paths. It does not replace existing files without Overwrite. It reports what
// it cannot read and converts the rest.
func Convert(ctx context.Context, opts ConvertOptions) (writers.Stats, error) {
	var stats writers.Stats
	if opts.Report == nil {
		opts.Report = func(error) {}
	}
	if opts.Notice == nil {
		opts.Notice = func(string) {}
	}
	c := &conversion{opts: &opts, named: make(map[string]bool)}
	output, err := c.output()
	if err != nil {
		return stats, err
	}
	if output.RunID, err = opts.runID(time.Now()); err != nil {
		return stats, err
	}
	for _, path := range opts.Paths {
		if err := c.add(path); err != nil {
			if len(opts.Paths) == 1 && !c.failed {
				return stats, convertError{err}
			}
			c.fail(err)
		}
	}
	if err := c.choose(); err != nil {
		return stats, err
	}
	if len(c.logs) == 0 {
		return stats, ErrConvert
	}
	if opts.Dir == stdoutPath {
		if err := c.toStdout(&output); err != nil {
			return stats, err
		}
	} else if err := c.keepSources(); err != nil {
		return stats, err
	}
	m, err := writers.New(writers.Config{
		Outputs: []writers.Output{output}, Logs: c.logs, Context: ctx, Version: opts.Version, Sensor: new(Options).sensor(),
		Report: c.fail, Notice: opts.Notice, Run: &writers.Run{Overwrite: opts.Overwrite, Reading: reading(opts.Paths)},
	})
	if err != nil {
		return stats, err
	}
	collector := m.Collector()
	for _, f := range c.files {
		if ctx.Err() != nil {
			c.fail(ctx.Err())
			break
		}
		c.convert(ctx, f, m, collector)
	}
	err = m.Close()
	stats = m.Stats()
	c.failLost(&stats)
	if err != nil || c.failed {
		err = ErrConvert
	}
	return stats, err
}

// choose sets the logs to write, with all their columns.
func (c *conversion) choose() error {
	if c.opts.AllColumns && (c.opts.Format == FormatParquet || c.opts.Format == FormatArrow) {
		c.union.Extend()
	}
	c.union.Finish()
	var known []string
	for i, s := range c.union.Logs {
		s.ID = i
		known = append(known, s.Name)
	}
	picked, err := schemas.PickNames(c.opts.Logs, known)
	if err != nil && len(c.files) > 0 {
		return fmt.Errorf("among the logs of the files: %w", err)
	}
	for _, s := range c.union.Logs {
		if slices.Contains(picked, s.Name) {
			c.logs = append(c.logs, s)
		}
	}
	return nil
}

// keepSources refuses to replace the files of a folder that has one of those that are read.
func (c *conversion) keepSources() error {
	if !c.opts.Overwrite {
		return nil
	}
	dir, err := filepath.EvalSymlinks(c.opts.Dir)
	if err != nil {
		return nil // there is no such folder yet
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	for _, f := range c.files {
		path, err := filepath.EvalSymlinks(f.Path)
		if err == nil {
			path, err = filepath.Abs(path)
		}
		if rel, e := filepath.Rel(dir, path); err == nil && e == nil && filepath.IsLocal(rel) {
			return fmt.Errorf("%s would be replaced before it is read: choose another folder", f.Path)
		}
	}
	return nil
}

// failLost reports the rows that were read but not written, by log and reason.
func (c *conversion) failLost(stats *writers.Stats) {
	for _, s := range stats.Streams {
		for r, n := range s.Dropped {
			if r := writers.Reason(r); n != 0 && r.Lost() {
				c.fail(fmt.Errorf("%s: rows lost: %d (%s)", s.Log, n, r))
			}
		}
	}
}

func (c *conversion) fail(err error) {
	c.failed = true
	c.opts.Report(err)
}

// output returns the output to write to, from the short form of the format.
func (c *conversion) output() (w writers.Output, err error) {
	t, err := new(Options).factory(c.opts.Format)
	if err != nil {
		return w, err
	}
	if t.Short == nil {
		return w, fmt.Errorf("nothing can be converted to %s", t.Name)
	}
	o := Defaults()
	o.OutputDir, o.Format = c.opts.Dir, t.Name
	if c.opts.Timestamps != "" {
		o.JSONTimestamps = c.opts.Timestamps
	}
	settings := t.Short(&o)
	if err := c.opts.apply(settings); err != nil {
		return w, fmt.Errorf("to %s: %w", t.Name, err)
	}
	if err := t.Make(&o, settings, &w); err != nil {
		return w, err
	}
	if _, ok := w.Format.(tsv.Format); ok {
		w.Format = tsv.Format{Exact: true}
	}
	return w, nil
}

// apply copies the options that a format has settings for to settings, and refuses
// others.
func (o *ConvertOptions) apply(settings any) error {
	naming := cmp.Or(o.Naming, NamingZeek)
	compress := cmp.Or(o.Compress, writers.CompressNone)
	var j *JSONSettings
	var files *FileSettings
	switch s := settings.(type) {
	case *TSVSettings:
		files = &s.FileSettings
	case *JSONSettings:
		j, files = s, &s.FileSettings
		s.Naming, s.Streaming = naming, o.Streaming
	case *CSVSettings:
		files = &s.FileSettings
	case *ParquetSettings:
		s.Flat = o.Flat
		if compress != writers.CompressNone {
			return errors.New("its files are compressed internally, with zstd")
		}
	case *ArrowSettings:
		s.Flat, s.Compress = o.Flat, compress
		if o.Streaming {
			s.Form = arrow.FormStream
		}
	}
	_, streams := settings.(*ArrowSettings)
	_, timed := settings.(*CSVSettings)
	switch {
	case j == nil && naming != NamingZeek:
		return errors.New("naming is for JSON")
	case j == nil && !timed && cmp.Or(o.Timestamps, TimestampsEpoch) != TimestampsEpoch:
		return errors.New("timestamps are for JSON and CSV")
	case o.Dir == stdoutPath && compress != writers.CompressNone && !streams:
		return errors.New("standard output is not compressed: pipe it into gzip or zstd")
	case o.Streaming && j == nil && !streams:
		return errors.New("there is no streaming form")
	case o.Flat && files != nil:
		return errors.New("flat is for columns in structs, as Parquet and Arrow have them")
	}
	if files != nil {
		files.Names, files.Compress = "plain", compress
	}
	return nil
}

// add determines the contents of a file, or of the files in a folder.
func (c *conversion) add(path string) error {
	if path == readers.Stdin {
		return c.addFile(path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return c.addFile(path)
	}
	n, other := len(c.files), []string(nil)
	err = filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && d != nil && d.IsDir() && file != path:
			c.fail(err)
			return fs.SkipDir
		case err != nil:
			return err
		case d.IsDir() && d.Name()[0] == '.' && file != path:
			return fs.SkipDir // what is not finished
		case d.IsDir():
		case !readers.IsLog(file):
			other = append(other, file)
		default:
			if err := c.addFile(file); err != nil && !errors.Is(err, readers.ErrEmpty) {
				c.fail(err)
			}
		}
		return nil
	})
	if err == nil && len(c.files) == n && !c.failed {
		err = fmt.Errorf("%s: there is no log in the folder", path)
	}
	if len(other) > 0 {
		c.opts.Notice(fmt.Sprintf("%s: files left out because they do not have the name of a log: %d, such as %s", path, len(other), other[0]))
	}
	return err
}

func (c *conversion) addFile(path string) error {
	full, err := filepath.Abs(path)
	if err != nil || path == readers.Stdin {
		full = path
	}
	if c.named[full] {
		return fmt.Errorf("%s is named twice, and is read once", path)
	}
	c.named[full] = true
	f, err := readers.Open(path, c.opts.Log)
	if err != nil {
		return err
	}
	for _, s := range f.Logs() {
		if !logName(s.Name) {
			return fmt.Errorf("%s: %q cannot be the name of a log", f.Path, s.Name)
		}
	}
	if err := c.union.Add(f); err != nil {
		return err
	}
	c.files = append(c.files, f)
	return nil
}

// logName reports whether the name of a log can be that of a file or folder.
func logName(name string) bool {
	return name != "" && name[0] != '.' && !strings.ContainsFunc(name, func(r rune) bool {
		return r == '/' || r == '\\' || r < ' '
	})
}

// convert passes the rows of a file to m.
func (c *conversion) convert(ctx context.Context, f *readers.File, m *writers.Merger, to *writers.Collector) {
	defer func() {
		m.Merge(to.Flush())
		if err := f.Close(); err != nil {
			c.fail(fmt.Errorf("%s: %w", f.Path, err))
		}
		for _, n := range f.Notes() {
			c.opts.Notice(n)
		}
	}()
	wrong := 0
	for n := 1; ; n++ {
		rec, err := f.Next()
		var rowErr *row.Error
		switch {
		case err == nil:
		case err == io.EOF:
			if wrong > maxRowErrors {
				c.fail(fmt.Errorf("%s: %d more rows like these", f.Path, wrong-maxRowErrors))
			}
			return
		case errors.As(err, &rowErr):
			if wrong++; wrong <= maxRowErrors {
				c.fail(err)
			}
			continue
		default:
			c.fail(err)
			return
		}
		c.next++
		c.clock = max(c.clock, int64(rec.Time()))
		to.SetCause(c.clock, writers.ClassPacket, c.next)
		to.Emit(rec)
		if n%convertBatch == 0 {
			m.Merge(to.Flush())
			if ctx.Err() != nil {
				return
			}
		}
	}
}
