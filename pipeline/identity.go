package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/wirelog/wirelog/internal/option"
	"github.com/wirelog/wirelog/readers"
	"github.com/wirelog/wirelog/writers"
)

// identify gives the outputs that add files to those of other runs the identity of this
// run: the same for the same captures and settings, so that the same run again finds its
// own files. Live traffic never comes again, so the identity has the time instead.
func (o *Options) identify(outputs []writers.Output, list []Output, start time.Time) error {
	var captures string
	for i := range outputs {
		w := &outputs[i]
		if !w.Rotation.Enabled() && (w.Place == nil || w.Place.Type() == TypeKafka || w.Place.Type() == FormatArrow) {
			continue
		}
		if captures == "" {
			var err error
			if captures, err = o.fingerprint(start); err != nil {
				return err
			}
		}
		h := sha256.New()
		fmt.Fprintln(h, captures)
		o.hashSettings(h, &list[i])
		w.RunID = hex.EncodeToString(h.Sum(nil)[:6])
		if o.live() {
			w.RunID = start.UTC().Format("20060102T150405Z") + "-" + w.RunID
		}
	}
	return nil
}

// live reports whether the packets come from elsewhere than files.
func (o *Options) live() bool {
	return o.Source != nil || len(o.Interfaces) > 0 || len(o.udpPorts()) > 0 || slices.ContainsFunc(o.Paths, func(path string) bool {
		fi, err := os.Stat(path)
		return path == stdinPath || err == nil && !fi.IsDir() && !fi.Mode().IsRegular()
	})
}

// udpPorts are ListenUDP, if the run receives datagrams of mirrors.
func (o *Options) udpPorts() []string {
	if o.Source != nil || len(o.Paths) > 0 || len(o.Interfaces) > 0 {
		return nil
	}
	return o.ListenUDP
}

// stdinPath stands for standard input among Paths.
const stdinPath = "-"

// reading says in a few words what the run reads.
func (o *Options) reading() string {
	switch {
	case len(o.Interfaces) > 0:
		return "live traffic of " + reading(o.Interfaces)
	case len(o.udpPorts()) > 0:
		return "live traffic of " + reading(o.ListenUDP)
	case o.Source != nil:
		return "live traffic"
	}
	return reading(o.Paths)
}

func reading(paths []string) string {
	switch {
	case len(paths) == 0:
		return ""
	case paths[0] == stdinPath:
		return "standard input"
	case len(paths) > 1:
		return fmt.Sprintf("%s and %d more", paths[0], len(paths)-1)
	default:
		return paths[0]
	}
}

// fingerprint identifies the captures by their contents, wherever they are.
func (o *Options) fingerprint(start time.Time) (string, error) {
	h := sha256.New()
	if o.live() {
		host, _ := os.Hostname() // unknown is empty
		fmt.Fprintln(h, start.UnixNano(), os.Getpid(), host)
		return hex.EncodeToString(h.Sum(nil)), nil
	}
	// What a run has written beside the captures does not make them others.
	if err := hashPaths(h, o.Paths, func(file string) bool { return !readers.IsLog(file) }); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// hashPaths adds files, and those in folders that want accepts and that are not hidden.
func hashPaths(h hash.Hash, paths []string, want func(file string) bool) error {
	for _, path := range paths {
		err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			hidden := file != path && strings.HasPrefix(d.Name(), ".")
			switch {
			case err != nil:
				return nil // whoever reads them reports it
			case d.IsDir() && hidden:
				return fs.SkipDir
			case d.IsDir() || hidden || file != path && !want(file):
				return nil
			}
			return hashFile(h, file)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// runID is the identity of a conversion: the same for the same logs and options.
func (o *ConvertOptions) runID(start time.Time) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, o.Log, o.Format, o.Naming, o.Timestamps, o.Streaming, o.Flat, o.Compress, slices.Sorted(slices.Values(o.Logs)), o.AllColumns)
	if slices.Contains(o.Paths, stdinPath) {
		fmt.Fprintln(h, start.UnixNano(), os.Getpid())
	}
	if err := hashPaths(h, o.Paths, readers.IsLog); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)[:6]), nil
}

const (
	hashEnds   = 64 << 10 // bytes hashed at both ends of a capture
	hashSample = 4 << 10  // and at hashPlaces places in between
	hashPlaces = 14
)

// hashFile adds a file: its size, its ends, and samples in between. A file that cannot be
// read adds nothing.
func hashFile(h hash.Hash, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }() // opened for reading only
	fi, err := f.Stat()
	if err != nil || !fi.Mode().IsRegular() {
		return nil
	}
	size := fi.Size()
	fmt.Fprintln(h, size)
	add := func(at, n int64) error {
		_, err := io.Copy(h, io.NewSectionReader(f, at, n))
		return err
	}
	if size <= 2*hashEnds+hashPlaces*hashSample {
		return add(0, size)
	}
	err = add(0, hashEnds)
	step := (size - 2*hashEnds) / hashPlaces
	for i := range int64(hashPlaces) {
		if err == nil {
			err = add(hashEnds+i*step, hashSample)
		}
	}
	if err == nil {
		err = add(size-hashEnds, hashEnds)
	}
	return err
}

// notIdentity are keys of options that do not change the rows of an output: where they
// are written, how fast, and what other outputs get.
var notIdentity = []string{
	"output_dir", "output", "kafka", "format", "json_timestamps", "events_file", "overwrite", "file_mode",
	"open_time", "shards", "files.extract_dir", "dir", "path", "name",
}

// hashSettings adds the settings that the rows of an output depend on.
func (o *Options) hashSettings(h hash.Hash, out *Output) {
	add := func(of any) {
		hashKeys(h, of, func(k *option.Key) bool { return !slices.Contains(notIdentity, k.Name) })
	}
	add(o)
	add(out)
	add(o.settingsOf(out))
	fmt.Fprintln(h, o.sensor())
	for _, s := range o.Schemas {
		fmt.Fprintln(h, s.Name)
	}
}

// hashKeys adds the options of the struct that of points to which want accepts.
func hashKeys(h hash.Hash, of any, want func(*option.Key) bool) {
	v := reflect.ValueOf(of)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return
	}
	for _, k := range option.Keys(v.Elem().Type()) {
		if want(&k) {
			fmt.Fprintf(h, "%s=%q\n", k.Name, k.Text(of))
		}
	}
}

// settingsOf returns the settings of an output, the defaults of its type if it has none.
func (o *Options) settingsOf(out *Output) any {
	if out.Settings != nil {
		return out.Settings
	}
	if t, err := o.factory(out.Type); err == nil && t.Settings != nil {
		return t.Settings()
	}
	return nil
}

// ConfigHash identifies the configuration: all options and outputs, without what is secret.
func (o *Options) ConfigHash() string {
	h := sha256.New()
	open := func(k *option.Key) bool { return !k.Secret }
	hashKeys(h, o, open)
	list, err := o.outputs()
	if err != nil {
		return ""
	}
	for i := range list {
		hashKeys(h, &list[i], open)
		hashKeys(h, o.settingsOf(&list[i]), open)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
