package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/viper"

	"github.com/wirelog/wirelog/internal/nearest"
	"github.com/wirelog/wirelog/internal/option"
	"github.com/wirelog/wirelog/pipeline"
)

// outputsKey is the key of the list of outputs.
const outputsKey = "outputs"

const outputsDoc = "where records go, several outputs at once; without any, one output by output_dir, output, kafka, format, json_timestamps and naming"

// shortKeys are the keys that make one output, without a list.
var shortKeys = []string{"output_dir", "output", "kafka", "format", "json_timestamps", "naming"}

// outputKeys are the keys that every output has.
var outputKeys = option.Keys(reflect.TypeFor[pipeline.Output]())

// loadOutputs reads the list of outputs from the file.
func (l *Loaded) loadOutputs(v *viper.Viper) (errs []error) {
	raw := v.Get(outputsKey)
	if raw == nil {
		return nil
	}
	list := reflect.ValueOf(raw)
	if list.Kind() != reflect.Slice {
		return []error{fmt.Errorf("%s: %s: want a list of outputs, got %s", l.File, outputsKey, option.Show(raw))}
	}
	for i := range list.Len() {
		out, err := makeOutput(list.Index(i).Interface())
		for _, e := range err {
			errs = append(errs, fmt.Errorf("%s: %s[%d]%w", l.File, outputsKey, i, e))
		}
		l.Outputs = append(l.Outputs, out)
	}
	if len(l.Outputs) > 0 {
		l.sources[outputsKey] = valueSource{fromFile, l.File}
	}
	return errs
}

// makeOutput makes an output from an entry of the list. Its errors begin with the key
// within the entry.
func makeOutput(raw any) (out pipeline.Output, errs []error) {
	entry, ok := raw.(map[string]any)
	if !ok {
		return out, []error{fmt.Errorf(": want a section with a type, got %s", option.Show(raw))}
	}
	typ, ok := entry["type"].(string)
	if !ok {
		return out, []error{fmt.Errorf(".type: want one of %s", strings.Join(typeNames(), ", "))}
	}
	settings, err := pipeline.NewSettings(typ)
	if err != nil {
		return out, []error{fmt.Errorf(".type: %w", err)}
	}
	out.Settings = settings
	own := option.Keys(reflect.TypeOf(settings).Elem())
	var known []string
	for _, k := range slices.Concat(outputKeys, own) {
		known = append(known, k.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(entry)) {
		var err error
		if k := option.Find(outputKeys, name); k != nil {
			err = k.Set(&out, entry[name], false)
		} else if k := option.Find(own, name); k != nil {
			err = k.Set(settings, entry[name], false)
		} else {
			err = fmt.Errorf("an output of type %s has no such key%s", typ, nearest.Hint(name, known))
		}
		if text, ok := entry[name].(string); err == nil && ok && text == "" && name == "dir" && entry["path"] == nil {
			err = errors.New("want a folder; . is the current one")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf(".%s: %w", name, err))
		}
	}
	return out, errs
}

func typeNames() []string {
	var names []string
	for _, t := range pipeline.OutputTypes() {
		names = append(names, t.Name)
	}
	return names
}

// shortForm resolves conflicts between the list of outputs and the keys that make one
// output. A flag or variable overrides the list of a file, as it overrides any key; a
// file may use only one of the two.
func (l *Loaded) shortForm() (errs []error) {
	if len(l.Outputs) == 0 {
		return l.kafkaAlone()
	}
	for _, key := range shortKeys {
		switch l.source(key).kind {
		case fromDefault:
		case fromFile:
			errs = append(errs, fmt.Errorf("%s: %s cannot be used with %s: set it in the list", l.File, key, outputsKey))
		case fromEnv, fromFlag:
			l.Outputs = nil
			delete(l.sources, outputsKey)
		}
	}
	return errs
}

// kafkaAlone rejects keys of file outputs together with the short form of
// Kafka.
func (l *Loaded) kafkaAlone() (errs []error) {
	for _, key := range []string{"output_dir", "output", "format"} {
		if len(l.Kafka) > 0 && l.source(key).kind != fromDefault {
			errs = append(errs, fmt.Errorf("%s cannot be used with %s: list both under %s in a file", l.place(key), l.place("kafka"), outputsKey))
		}
	}
	return errs
}

// checkOutputs verifies outputs against the logs and columns of this build.
func (l *Loaded) checkOutputs() []error {
	opts := l.RunOptions()
	var errs []error
	for _, err := range opts.CheckOutputs() {
		var option *pipeline.OptionError
		if errors.As(err, &option) {
			err = fmt.Errorf("%s: %w", l.Place(option.Option), option.Err)
		}
		errs = append(errs, err)
	}
	return errs
}
