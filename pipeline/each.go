package pipeline

import (
	"errors"
	"path/filepath"
	"reflect"

	"github.com/wirelog/wirelog/capture"
)

// Below returns the options of a run whose files go into a folder below those of o, for
// several runs with the same options: outputs, extracted files and the event stream. What
// goes to brokers and to standard output stays. The error is an *OptionError.
func (o *Options) Below(folder string) (Options, error) {
	below := *o
	if o.OutputPath != "" {
		return below, &OptionError{"OutputPath", errors.New("every run would write the same file: name a folder")}
	}
	below.OutputDir = filepath.Join(o.OutputDir, folder)
	below.Dissect.Files.ExtractDir = filepath.Join(o.Dissect.Files.ExtractDir, folder)
	if f := o.EventsFile; f != "" && f != stdoutPath {
		below.EventsFile = filepath.Join(filepath.Dir(f), folder, filepath.Base(f))
	}
	below.Outputs = make([]Output, len(o.Outputs))
	for i, out := range o.Outputs {
		if out.Settings == nil {
			t, err := o.factory(out.Type)
			if err != nil {
				return below, &OptionError{o.outputOption(i, "type"), err}
			}
			if t.Settings != nil {
				out.Settings = t.Settings()
			}
		}
		if s := reflect.ValueOf(out.Settings); s.Kind() == reflect.Pointer && s.Elem().Kind() == reflect.Struct {
			c := reflect.New(s.Elem().Type())
			c.Elem().Set(s.Elem())
			if path := c.Elem().FieldByName("Path"); path.IsValid() && path.Kind() == reflect.String && path.String() != "" && path.String() != stdoutPath {
				path.SetString(filepath.Join(filepath.Dir(path.String()), folder, filepath.Base(path.String())))
			}
			if dir := c.Elem().FieldByName("Dir"); dir.IsValid() && dir.Kind() == reflect.String {
				dir.SetString(filepath.Join(dir.String(), folder))
			}
			out.Settings = c.Interface()
		}
		below.Outputs[i] = out
	}
	return below, nil
}

// stdoutPath is the path of an output that stands for standard output.
const stdoutPath = "-"

// Captures returns the captures that paths stand for, in the order in which a run reads
// them, and a line for everything in folders that cannot be read. It fails as a run does.
func (o *Options) Captures() (captures, damage []string, err error) {
	captures, bad, err := capture.Expand(o.Paths, capture.Options{Stdin: o.Stdin, OnNotice: o.Notice})
	if err != nil {
		return nil, nil, &OptionError{"Paths", err}
	}
	for _, d := range bad {
		damage = append(damage, d.Error())
	}
	return captures, damage, nil
}
