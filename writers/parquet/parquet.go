// Package parquet writes logs as Parquet files in a tree that query engines read as a
// partitioned table:
// {root}/{log}/date=2026-01-16/hour=07/{log}-{sensor}-{run}-{seq}.parquet.
//
// Each row group is built in memory and written as a whole. Files are in a hidden folder
// until they are finished, and are complete after each row group. If the program is
// killed, the next start finishes them.
package parquet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/wirelog/wirelog/schemas/columnar"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/internal/claims"
	"github.com/wirelog/wirelog/writers/internal/lockfile"
	"github.com/wirelog/wirelog/writers/row"
)

// Partition is the time by which rows are sorted into folders.
type Partition string

// The partitions.
const (
	// byWriteTime uses the packet time at which a row was written. A long connection is
	// in the hour of its end, and a past hour does not change.
	byWriteTime Partition = "write"
	// byEventTime uses the ts of a row.
	byEventTime Partition = "event"
)

// Settings say where and how files are written. A limit of 0 means none, except for
// Memory and RowGroup.
type Settings struct {
	Root string
	// Partition is "write", the packet time at which a row was written, or "event", the
	// ts of the row.
	Partition Partition
	// Flat keeps dotted names instead of making structs.
	Flat bool
	// RowGroup is how many bytes of memory a row group may take before it is written.
	RowGroup int64
	// Memory is how many bytes all row groups may take. When they exceed it, the largest
	// is written.
	Memory int64
	// FileSize and FileAge limit a file.
	FileSize int64
	FileAge  time.Duration
	// Meta is added to the metadata of files.
	Meta []columnar.Pair
}

// Default returns the default settings, for a folder.
func Default(root string) Settings {
	return Settings{
		Root: root, Partition: byWriteTime, RowGroup: 32 << 20, Memory: 256 << 20,
		FileSize: 128 << 20, FileAge: 15 * time.Minute,
	}
}

// Check returns an error if the settings are invalid.
func (s *Settings) Check() error {
	switch {
	case s.Partition != byWriteTime && s.Partition != byEventTime:
		return fmt.Errorf("partition: want %s or %s, got %q", byWriteTime, byEventTime, s.Partition)
	case s.RowGroup <= 0 || s.Memory <= 0:
		return errors.New("row_group and memory must be above 0")
	}
	return nil
}

// Lock opens a file that no other process has locked, creating it if necessary. Closing
// it ends the lock.
func Lock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if errors.Is(lockfile.Lock(f), lockfile.ErrLocked) {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, lockfile.ErrLocked), f.Close())
	}
	return f, nil
}

// Place is the writers.Place of one tree.
type Place struct {
	settings Settings
	env      writers.Env
	claim    *claims.Claim
	streams  []*stream
	// used is the size of all row groups and pending segments in bytes.
	used int64
	// buf is the buffer for the next segment.
	buf []byte
}

// New returns a place with settings that Check accepts.
func New(s Settings) *Place { return &Place{settings: s} }

// Type returns "parquet".
func (p *Place) Type() string { return "parquet" }

// Start claims the tree for the run, and finishes files that a killed run left behind.
func (p *Place) Start(env writers.Env) error {
	p.env = env
	if p.env.Alarm == nil {
		p.env.Alarm = writers.NewAlarm(p.Type(), env.Report, env.Notice)
	}
	if fi, err := os.Stat(p.settings.Root); err == nil && !fi.IsDir() {
		return fmt.Errorf("%s is not a folder", p.settings.Root)
	}
	if env.RunID != "" {
		var err error
		if p.claim, err = env.Claims.Take(p.settings.Root, env.RunID, nil); err != nil {
			return err
		}
	}
	if err := recoverFiles(p.settings.Root, env); err != nil {
		p.fail("", err)
	}
	return nil
}

// Check implements writers.Checker: Start has tried the folder.
func (p *Place) Check(context.Context) error { return nil }

// Encoder returns an encoder of typed rows.
func (p *Place) Encoder(info writers.StreamInfo) writers.RowEncoder { return row.New(info.Groups) }

// Open begins the stream of a log.
func (p *Place) Open(info writers.StreamInfo) (writers.Stream, error) {
	if info.Schema == nil {
		return nil, fmt.Errorf("%s: Parquet takes logs, not lines", info.Log)
	}
	s := newStream(p, info)
	p.streams = append(p.streams, s)
	return s, nil
}

// Close removes the hidden folder if it is empty.
func (p *Place) Close() error {
	_ = os.Remove(filepath.Join(p.settings.Root, openDir))
	return nil
}

// fail tells the user that the log, or the folder for "", cannot be written.
func (p *Place) fail(log string, err error) { p.env.Alarm.Fail(log, err) }

// shrink writes the largest row groups until the rest fits the budget, with room for one
// segment.
func (p *Place) shrink() {
	for p.used+p.settings.RowGroup > p.settings.Memory {
		var largest *part
		for _, s := range p.streams {
			for _, t := range s.parts {
				if largest == nil || t.charged > largest.charged {
					largest = t
				}
			}
		}
		if largest == nil || largest.charged == 0 {
			return
		}
		largest.flush()
		largest.group = newRowGroup(largest.stream.layout) // the old one keeps its capacity
	}
}
