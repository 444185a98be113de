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
	"time"

	"github.com/wirelog/wirelog/readers"
	"github.com/wirelog/wirelog/readers/row"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/arrow"
)

// ConvertOptions say what Convert reads and writes.
type ConvertOptions struct {
	// Paths are files of logs, and folders of such; "-" is standard input.
	Paths []string
	// Log names the log of files that do not say it themselves. If it is empty,
	// the file's name does.
	Log string
	// Dir is the folder to write to, and Format the format to write, one of
	// OutputTypes.
	Dir, Format string
	// Naming and Timestamps are as in JSONSettings.
	Naming, Timestamps string
	// Streaming asks for the streaming form of JSON or Arrow:
	// JSONSettings.Streaming, or ArrowSettings.Form.
	Streaming bool
	// Flat is as in ParquetSettings and ArrowSettings.
	Flat bool
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

// maxRowErrors is how many bad rows of a file are reported one by one.
const maxRowErrors = 10

// convertBatch is how many rows are written at a time.
const convertBatch = 4096

// A conversion is one run of Convert.
type conversion struct {
	opts   *ConvertOptions
	files  []*readers.File
	logs   []*schemas.Schema
	failed bool
	// clock is the latest time of a row, next the number of rows.
	clock int64
	next  uint64
}

// Convert writes the rows of logs in another format; the rows of a log are in the
// order of Paths. It does not replace existing files without Overwrite. It reports what
// it cannot read and converts the rest.
func Convert(ctx context.Context, opts ConvertOptions) (writers.Stats, error) {
	if opts.Report == nil {
		opts.Report = func(error) {}
	}
	c := &conversion{opts: &opts}
	output, err := c.output()
	if err != nil {
		return writers.Stats{}, err
	}
	if output.RunID, err = opts.runID(time.Now()); err != nil {
		return writers.Stats{}, err
	}
	for _, path := range opts.Paths {
		if err := c.add(path); err != nil {
			c.fail(err)
		}
	}
	if err := c.keepSources(); err != nil {
		return writers.Stats{}, err
	}
	m, err := writers.New(writers.Config{
		Outputs: []writers.Output{output}, Logs: c.logs, Context: ctx, Version: opts.Version, Sensor: new(Options).sensor(),
		Report: c.fail, Notice: opts.Notice, Run: &writers.Run{Overwrite: opts.Overwrite, Reading: reading(opts.Paths)},
	})
	if err != nil {
		return writers.Stats{}, err
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
	stats := m.Stats()
	c.failLost(&stats)
	if err != nil || c.failed {
		err = ErrConvert
	}
	return stats, err
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
	return w, t.Make(&o, settings, &w)
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
	switch {
	case j == nil && (naming != NamingZeek || cmp.Or(o.Timestamps, TimestampsEpoch) != TimestampsEpoch):
		return errors.New("naming and timestamps are for JSON")
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
	n := len(c.files)
	err = filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() && readers.IsLog(file) {
			if err := c.addFile(file); err != nil && !errors.Is(err, readers.ErrEmpty) {
				c.fail(err)
			}
		}
		return nil
	})
	if err == nil && len(c.files) == n {
		err = fmt.Errorf("%s: there is no log in the folder", path)
	}
	return err
}

func (c *conversion) addFile(path string) error {
	f, err := readers.Open(path, c.opts.Log)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(c.logs, func(s *schemas.Schema) bool { return s.Name == f.Schema.Name })
	if i < 0 {
		f.Schema.ID = len(c.logs)
		c.logs = append(c.logs, f.Schema)
	} else if first := c.logs[i]; !sameColumns(first, f.Schema) {
		return fmt.Errorf("%s: %s has other columns than in an earlier file; convert them separately", path, first.Name)
	} else {
		f.Schema.ID = first.ID
	}
	c.files = append(c.files, f)
	return nil
}

func sameColumns(a, b *schemas.Schema) bool {
	return slices.EqualFunc(a.Fields, b.Fields, func(f, g schemas.Field) bool {
		return f.Name == g.Name && f.ZeekType() == g.ZeekType()
	})
}

// convert passes the rows of a file to m.
func (c *conversion) convert(ctx context.Context, f *readers.File, m *writers.Merger, to *writers.Collector) {
	defer func() {
		m.Merge(to.Flush())
		if err := f.Close(); err != nil {
			c.fail(fmt.Errorf("%s: %w", f.Path, err))
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
