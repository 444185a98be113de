package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/wirelog/wirelog/config"
	"github.com/wirelog/wirelog/pipeline"
)

// readEach runs once for each capture, with a folder each.
func (p *program) readEach(ctx context.Context, cfg *config.Loaded, opts pipeline.Options) error {
	if err := p.confineEarly(&opts); err != nil {
		return usageError(cfg, err)
	}
	captures, damage, err := opts.Captures()
	if err != nil {
		return usageError(cfg, err)
	}
	var losses []error
	for _, d := range damage {
		losses = append(losses, errors.New(d))
	}
	folders := eachFolders(captures)
	for i, path := range captures {
		below, err := opts.Below(folders[i])
		if err != nil {
			return usageError(cfg, err)
		}
		if f := below.EventsFile; f != "" && f != "-" {
			if err := os.MkdirAll(filepath.Dir(f), 0o755); err != nil {
				return err
			}
		}
		if want := baseName(path); folders[i] != want {
			opts.Notice(fmt.Sprintf("%s goes to the folder %s: another capture has its name", path, folders[i]))
		}
		below.Paths = []string{path}
		summary, err := p.run(ctx, below)
		summary.Capture = path
		if err := p.conclude(cfg, &summary, err); err != nil {
			if _, ok := err.(lossError); !ok {
				return err
			}
			losses = append(losses, err)
		}
		if ctx.Err() != nil {
			if n := len(captures) - i - 1; n > 0 {
				losses = append(losses, fmt.Errorf("%s not read", plural(uint64(n), "capture")))
			}
			break
		}
	}
	if len(losses) > 0 {
		return lossError{errors.Join(losses...)}
	}
	return nil
}

// baseName is the name of the folder of a capture: its own without what says that it is
// a capture and compressed.
func baseName(path string) string {
	if path == "-" {
		return "stdin"
	}
	name := filepath.Base(path)
	for _, ext := range []string{".gz", ".zst", ".xz", ".bz2"} {
		name = trimExt(name, ext)
	}
	for _, ext := range []string{".pcap", ".pcapng", ".cap", ".dmp"} {
		name = trimExt(name, ext)
	}
	return name
}

// trimExt removes an extension, unless nothing else is left.
func trimExt(name, ext string) string {
	if n := len(name) - len(ext); n > 0 && strings.EqualFold(name[n:], ext) {
		return name[:n]
	}
	return name
}

// eachFolders returns a folder for each capture. Of captures with the same name all but
// the first get a number.
func eachFolders(captures []string) []string {
	taken := map[string]bool{}
	folders := make([]string, len(captures))
	for i, path := range captures {
		name := baseName(path)
		folder := name
		// Names compare without case: some file systems do.
		for n := 2; taken[strings.ToLower(folder)]; n++ {
			folder = fmt.Sprintf("%s-%d", name, n)
		}
		taken[strings.ToLower(folder)] = true
		folders[i] = folder
	}
	return folders
}
