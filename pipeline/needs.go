package pipeline

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/wirelog/wirelog/internal/option"
	"github.com/wirelog/wirelog/writers"
)

// Needs is what a run needs of the system when its source and its outputs are open: for
// Options.Confine.
type Needs struct {
	// Read are files, and folders with all below, that are read. Symbolic links in folders are
	// there with what they lead to.
	Read []string
	// Write are files and folders that are written, replaced and removed. A file need not be
	// there, and may be anything that can be opened.
	Write []string
	// Prune are folders below which empty ones are removed at the end: those that the run has
	// made and put nothing into.
	Prune []string
	// Network is set if outputs connect to hosts, at the TCP ports Ports. PortsUnknown names
	// outputs that could not tell all their ports.
	Network      bool
	Ports        []uint16
	PortsUnknown []string
	// Commands are the programs, with their arguments, that are run for finished files.
	Commands [][]string
}

// Needs returns what a run with these options needs, without the ports that only outputs that
// have been started know. The error is an *OptionError.
func (o *Options) Needs() (Needs, error) {
	r := &run{opts: *o}
	r.opts.extractBelow()
	n, err := r.needs()
	if err != nil {
		return n, err
	}
	var cfg writers.Config
	if errs := r.opts.writerOutputs(&cfg); len(errs) > 0 {
		return n, errs[0]
	}
	n.addPorts(cfg.Outputs)
	return n, nil
}

func (r *run) needs() (n Needs, err error) {
	o := &r.opts
	for _, path := range o.Paths {
		if path != "-" {
			n.Read = append(n.Read, path)
			n.Read = append(n.Read, linked(path)...)
		}
	}
	list, err := o.outputs()
	if err != nil {
		return n, err
	}
	for i := range list {
		settings := list[i].Settings
		if settings == nil {
			t, err := o.factory(list[i].Type)
			if err != nil {
				return n, &OptionError{o.outputOption(i, "type"), err}
			}
			if t.Settings != nil {
				settings = t.Settings()
			}
		}
		n.addSettings(settings)
	}
	if f := o.EventsFile; f != "" && f != stdoutPath {
		n.Write = append(n.Write, f)
	}
	if f := &o.Dissect.Files; len(f.Extract) > 0 && f.ExtractDir != "" {
		dir := f.ExtractPath()
		isBelow := func(w string) bool {
			rel, err := filepath.Rel(w, dir)
			return err == nil && filepath.IsLocal(rel)
		}
		if o.Confine != nil && !slices.ContainsFunc(n.Write, isBelow) {
			if err := os.MkdirAll(dir, 0o750); err != nil {
				return n, &OptionError{"Dissect.Files.ExtractDir", err}
			}
		}
		n.Write = append(n.Write, dir)
	}
	if o.Follow {
		n.Write = append(n.Write, o.OutputDir) // has the state
		if o.Followed.MoveTo != "" {
			n.Write = append(n.Write, o.Followed.MoveTo)
		}
		if o.Followed.MoveTo != "" || o.Followed.Delete {
			n.Write = append(n.Write, o.Paths...)
		}
	}
	for _, path := range n.Write {
		if at := existing(path); at != path {
			n.Prune = append(n.Prune, at)
		}
	}
	return n, nil
}

// existing returns the path, or the folder above it that is there.
func existing(path string) string {
	for at := path; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			return at
		}
	}
}

// linked returns what symbolic links in a folder lead to.
func linked(dir string) (list []string) {
	if fi, err := os.Stat(dir); err != nil || !fi.IsDir() {
		return nil
	}
	// What cannot be read is told by who reads it.
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type()&fs.ModeSymlink != 0 {
			if fi, err := os.Stat(p); err == nil && fi.Mode().IsRegular() {
				list = append(list, p)
			}
		}
		return nil
	})
	return list
}

// addSettings adds the paths and the program of an output: those with the tags of paths, and by
// convention the field Command. Dir has no meaning if Path is set.
func (n *Needs) addSettings(settings any) {
	v := reflect.ValueOf(settings)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return
	}
	text := func(name string) string {
		if f := v.Elem().FieldByName(name); f.IsValid() && f.Kind() == reflect.String {
			return f.String()
		}
		return ""
	}
	for _, k := range option.Keys(v.Elem().Type()) {
		value := k.Field(settings)
		switch {
		case !k.IsPath || value.IsZero():
		case k.IsList():
			if program, ok := value.Interface().([]string); ok {
				n.Commands = append(n.Commands, program)
			}
		case k.Path == "Dir" && text("Path") != "", value.String() == stdoutPath:
		case k.Path == "Dir", k.Path == "Path", k.IsWritten:
			n.Write = append(n.Write, value.String())
		default:
			// With its folder: whoever exchanges a password or a certificate makes a new file.
			n.Read = append(n.Read, folderOf(value.String()))
		}
	}
}

// folderOf returns the folder of a file, or the file if that is in a folder that has much else.
func folderOf(file string) string {
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil || strings.Count(dir, "/") < 2 {
		return file
	}
	return dir
}

// addPorts adds the ports of outputs.
func (n *Needs) addPorts(outputs []writers.Output) {
	for i := range outputs {
		r, ok := outputs[i].Place.(writers.Reacher)
		if !ok {
			continue
		}
		ports, all := r.Ports()
		n.Network, n.Ports = true, append(n.Ports, ports...)
		if !all {
			n.PortsUnknown = append(n.PortsUnknown, outputs[i].Name)
		}
	}
}
