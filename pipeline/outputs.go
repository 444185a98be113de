package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wirelog/wirelog/internal/choose"
	"github.com/wirelog/wirelog/internal/nearest"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/csv"
	"github.com/wirelog/wirelog/writers/json"
	"github.com/wirelog/wirelog/writers/tsv"
)

// Output says what one output takes and how it writes it. The tags are as in
// Options.
type Output struct {
	// Type is one of OutputTypes.
	Type string `key:"type" doc:"what is written"`
	Name string `key:"name" doc:"name of the output in summaries and messages; its type if not given"`
	// Logs names logs among Options.Logs, or optional ones; if empty, all logs of the
	// run.
	Logs   []string `key:"logs" doc:"logs that the output takes, as in logs of the run, whose logs are the default"`
	Events bool     `key:"events" doc:"take the event stream too, as JSON"`
	// Keep, Drop, Rename and Add are as in writers.Fields.
	Keep   []string `key:"keep" doc:"columns to write, such as uid, id.* or conn:history; all if not given"`
	Drop   []string `key:"drop" doc:"columns to leave out"`
	Rename []string `key:"rename" doc:"other names for columns: id.orig_h=src_ip, conn:service=app"`
	Add    []string `key:"add" doc:"columns with the same text in every row: site=Berlin"`
	// Where maps names of logs to expressions; see package filter.
	Where map[string]string `key:"where" doc:"by log, the condition that its records must fulfil, such as conn: 'duration > 60 && resp_bytes > 1e6'"`
	// Settings are the settings of the type, as NewSettings makes them; nil means the
	// defaults.
	Settings any
}

// FileSettings are the settings shared by outputs to line-based files.
type FileSettings struct {
	Dir  string `key:"dir" is:"path" doc:"folder for the files, created if missing"`
	Path string `key:"path" is:"path" doc:"file for the only log that the output takes, instead of dir; - is standard output"`
	// The following fields are as in writers.Rotation.
	Rotate         time.Duration `key:"rotate" doc:"packet time that one file covers, ending at multiples of it; 0s is no rotation (Log::default_rotation_interval)"`
	RotateSize     int           `key:"rotate_size" unit:"bytes" min:"0" doc:"bytes of rows after which a file is finished and another begun; 0 is no bound"`
	Names          string        `key:"names" doc:"names of finished files: plain, zeek, zeekctl, rita, json-streaming, or a template such as {log}.{open:%Y-%m-%d-%H-%M-%S}; zeek if not given and rotated"`
	UTC            bool          `key:"utc" doc:"names of files with UTC instead of local time"`
	Compress       string        `key:"compress" oneof:"none,gzip,zstd" doc:"compression of finished files: none, gzip or zstd"`
	Command        []string      `key:"command" is:"path" doc:"program, with its arguments, to run with the path of each finished file"`
	CommandTimeout time.Duration `key:"command_timeout" doc:"time after which the program is stopped; 0s is none"`
}

// TSVSettings are the settings of outputs of type tsv.
type TSVSettings struct {
	FileSettings
}

// CSVSettings are the settings of outputs of type csv.
type CSVSettings struct {
	FileSettings
	Timestamps string `key:"timestamps" oneof:"epoch,millis,iso8601" doc:"times: epoch (seconds), millis or iso8601"`
}

// JSONSettings are the settings of outputs of type json.
type JSONSettings struct {
	FileSettings
	Timestamps string `key:"timestamps" oneof:"epoch,millis,iso8601" doc:"times: epoch (seconds), millis or iso8601"`
	Streaming  bool   `key:"streaming" doc:"begin objects with _path, _system_name and _write_ts, with times in ISO 8601, like Zeek's JSON streaming logs"`
	Naming     string `key:"naming" oneof:"zeek,ecs,ocsf,cim" doc:"names of columns: zeek, or those of a schema, with values as it requires: ecs (Elastic Common Schema), ocsf (Open Cybersecurity Schema Framework) or cim (Splunk's Common Information Model)"`
	Reversible bool   `key:"reversible" doc:"double the backslashes in values, to tell them from those that escape bytes"`
}

// An OutputFactory makes the outputs of one type. A program adds its own formats
// (writers.Format) and places (writers.Place) with factories in Options.OutputFactories.
// To add a type to the command, add its factory to outputTypes.
type OutputFactory struct {
	// Name is the value of Output.Type. Doc says in a few words what is written.
	Name, Doc string
	// Settings returns a pointer to the default settings: a struct whose fields have
	// the tags of options. It may be nil if there is nothing to set.
	Settings func() any
	// Short returns the settings for Options.Format and the options that go with it. It
	// is nil if Options.Format cannot name the type.
	Short func(o *Options) any
	// Make sets w's Format or Place, and whatever else settings says. It must not
	// change o.
	Make func(o *Options, settings any, w *writers.Output) error
	// Events reports whether the type takes the event stream.
	Events bool
}

var outputTypes = []OutputFactory{
	{
		Name: FormatTSV, Doc: "files in Zeek's tab-separated form",
		Settings: func() any { return &TSVSettings{defaultFiles()} },
		Short:    func(o *Options) any { return &TSVSettings{o.fileSettings()} },
		Make: func(_ *Options, settings any, w *writers.Output) error {
			w.Format = tsv.Format{}
			return settings.(*TSVSettings).apply(w)
		},
	},
	{
		Name: FormatJSON, Doc: "files in Zeek's JSON form, one object a line", Events: true,
		Settings: func() any {
			return &JSONSettings{FileSettings: defaultFiles(), Timestamps: TimestampsEpoch, Naming: NamingZeek}
		},
		Short: func(o *Options) any {
			return &JSONSettings{FileSettings: o.fileSettings(), Timestamps: o.JSONTimestamps, Naming: cmp.Or(o.Naming, NamingZeek)}
		},
		Make: func(o *Options, settings any, w *writers.Output) error {
			s := settings.(*JSONSettings)
			ts, err := json.ParseTimestamps(s.Timestamps)
			if err != nil {
				return fmt.Errorf("timestamps: %w", err)
			}
			f := json.Format{Timestamps: ts, Reversible: s.Reversible}
			if s.Streaming {
				f.Timestamps, f.Streaming, f.System = json.ISO8601, true, o.sensor()
			}
			if f.Naming, err = lookupNaming(s.Naming); err != nil {
				return err
			}
			if f.Naming != nil {
				if s.Streaming || ts == json.Millis {
					return errNaming
				}
				f.System = o.sensor()
			}
			w.Format = f
			return s.apply(w)
		},
	},
	{
		Name: FormatCSV, Doc: "files of comma-separated values",
		Settings: func() any { return &CSVSettings{defaultFiles(), TimestampsEpoch} },
		Short:    func(o *Options) any { return &CSVSettings{o.fileSettings(), o.JSONTimestamps} },
		Make: func(_ *Options, settings any, w *writers.Output) error {
			s := settings.(*CSVSettings)
			ts, err := json.ParseTimestamps(s.Timestamps)
			if err != nil {
				return fmt.Errorf("timestamps: %w", err)
			}
			w.Format = csv.Format{Timestamps: ts}
			return s.apply(w)
		},
	},
	parquetType,
	arrowType,
	kafkaType,
}

// fileSettings returns the file settings of the short form.
func (o *Options) fileSettings() FileSettings {
	s := defaultFiles()
	s.Dir, s.Path = o.OutputDir, o.OutputPath
	return s
}

func defaultFiles() FileSettings {
	return FileSettings{Dir: ".", Compress: writers.CompressNone, CommandTimeout: time.Minute}
}

// sensor returns the name of this sensor.
func (o *Options) sensor() string { return cmp.Or(o.Sensor, hostname()) }

func (s *FileSettings) apply(w *writers.Output) error {
	w.Dir, w.Path = s.Dir, s.Path
	w.Rotation = writers.Rotation{
		Interval: s.Rotate, Size: int64(s.RotateSize), Names: s.Names, UTC: s.UTC, Compress: s.Compress,
		Command: s.Command, CommandTimeout: s.CommandTimeout,
	}
	return w.Rotation.Check()
}

// OutputType names and describes a type of outputs.
type OutputType struct{ Name, Doc string }

// OutputTypes lists the values of Output.Type.
func OutputTypes() []OutputType {
	var list []OutputType
	for _, t := range outputTypes {
		list = append(list, OutputType{t.Name, t.Doc})
	}
	return list
}

// factory returns the factory of a type, from OutputFactories or outputTypes.
func (o *Options) factory(name string) (*OutputFactory, error) {
	var known []string
	for _, list := range [][]OutputFactory{o.OutputFactories, outputTypes} {
		for i := range list {
			if list[i].Name == name {
				return &list[i], nil
			}
			known = append(known, list[i].Name)
		}
	}
	return nil, fmt.Errorf("want one of %s, got %q%s", strings.Join(known, ", "), name, nearest.Hint(name, known))
}

// NewSettings returns a pointer to the default settings of a type of outputs: a
// struct with tags as in Options.
func NewSettings(typ string) (any, error) {
	t, err := new(Options).factory(typ)
	if err != nil {
		return nil, err
	}
	return t.Settings(), nil
}

// outputs returns the outputs of the run: Outputs, or the one that the short form
// asks for.
func (o *Options) outputs() ([]Output, error) {
	if len(o.Outputs) > 0 {
		return o.Outputs, nil
	}
	if len(o.Kafka) > 0 {
		s := defaultKafka()
		s.Brokers, s.Timestamps, s.Naming = o.Kafka, o.JSONTimestamps, cmp.Or(o.Naming, NamingZeek)
		if err := s.fromURL(strings.Join(o.Kafka, ",")); err != nil {
			return nil, &OptionError{"Kafka", err}
		}
		return []Output{{Type: TypeKafka, Settings: s}}, nil
	}
	t, err := o.factory(o.Format)
	if err != nil || t.Short == nil {
		return nil, &OptionError{"Format", fmt.Errorf("there is no format %q", o.Format)}
	}
	if o.Naming != "" && o.Naming != NamingZeek && o.Format != FormatJSON {
		return nil, &OptionError{"Naming", fmt.Errorf("%s is for JSON: choose --format json", o.Naming)}
	}
	return []Output{{Type: o.Format, Settings: t.Short(o)}}, nil
}

// CheckOutputs returns everything that is wrong with the outputs, each error an
// *OptionError. Run returns the first of them.
func (o *Options) CheckOutputs() []error {
	var cfg writers.Config
	return o.writerOutputs(&cfg)
}

// writerOutputs translates the outputs and the options that they depend on to
// cfg.
func (o *Options) writerOutputs(cfg *writers.Config) (errs []error) {
	var err error
	if cfg.Logs, err = o.logs(); err != nil {
		return []error{err}
	}
	if cfg.Groups, err = schemas.ParseGroups(o.Columns); err != nil {
		return []error{&OptionError{"Columns", err}}
	}
	outputs, err := o.outputs()
	if err != nil {
		return []error{err}
	}
	known, err := o.known()
	if err != nil {
		return []error{err}
	}
	if cfg.FileMode, err = parseMode(o.FileMode); err != nil {
		errs = append(errs, &OptionError{"FileMode", err})
	}
	var events []int
	for i := range outputs {
		out := &outputs[i]
		fail := func(key string, err error) {
			errs = append(errs, &OptionError{o.outputOption(i, key), err})
		}
		t, err := o.factory(out.Type)
		if err != nil {
			fail("type", err)
			continue
		}
		settings := out.Settings
		if settings == nil && t.Settings != nil {
			settings = t.Settings()
		}
		w := writers.Output{
			Name: uniqueName(cmp.Or(out.Name, out.Type), cfg.Outputs), Where: out.Where,
			Fields: writers.Fields{Keep: out.Keep, Drop: out.Drop, Rename: out.Rename, Add: out.Add},
		}
		if out.Events {
			if !t.Events {
				fail("events", fmt.Errorf("outputs of type %s do not take events", t.Name))
			}
			events = append(events, len(cfg.Outputs))
		}
		if len(out.Logs) > 0 {
			if w.Logs, err = known.Pick(out.Logs, cfg.Logs, o.within(cfg.Logs)); err != nil {
				fail("logs", err)
				continue
			}
		}
		taken := w.Logs
		if len(out.Logs) == 0 {
			taken = cfg.Logs
		}
		w.Fields, w.Where = byLog(known, taken, w.Fields), whereByLog(known, taken, w.Where)
		if err := t.Make(o, settings, &w); err != nil {
			fail("", err)
		}
		for _, err := range checkView(cfg, &w, taken) {
			fail("", err)
		}
		cfg.Outputs = append(cfg.Outputs, w)
	}
	if err := o.addLogs(cfg); err != nil {
		errs = append(errs, err)
	}
	if o.EventsFile != "" || len(events) > 0 {
		cfg.Lines = []writers.Lines{{Name: "events", Path: o.EventsFile, Outputs: events}}
	}
	return errs
}

// parseMode reads the permissions of files, 0 for none.
func parseMode(text string) (fs.FileMode, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 8, 32)
	if err != nil || n == 0 || n > 0o777 || n&0o600 != 0o600 {
		return 0, fmt.Errorf("want permissions in octal that let the owner read and write, such as 0640, got %q", text)
	}
	return fs.FileMode(n), nil
}

// outputOption returns the name of the option that made output i, followed by key
// if that is not empty.
func (o *Options) outputOption(i int, key string) string {
	switch {
	case len(o.Outputs) > 0 && key != "":
		return fmt.Sprintf("outputs[%d].%s", i, key)
	case len(o.Outputs) > 0:
		return fmt.Sprintf("outputs[%d]", i)
	case len(o.Kafka) > 0:
		return "Kafka"
	case o.OutputPath != "":
		return "OutputPath"
	default:
		return "OutputDir"
	}
}

// uniqueName numbers a name that another output has already.
func uniqueName(name string, others []writers.Output) string {
	unique := name
	for i := 2; slices.ContainsFunc(others, func(w writers.Output) bool { return w.Name == unique }); i++ {
		unique = fmt.Sprintf("%s-%d", name, i)
	}
	return unique
}

// addLogs adds the optional logs that outputs name besides the logs of the run; they
// go to those outputs alone. If the run's logs are named, it writes no others.
func (o *Options) addLogs(cfg *writers.Config) error {
	all := cfg.Logs
	for i := range cfg.Outputs {
		w := &cfg.Outputs[i]
		if w.Logs == nil {
			w.Logs = all
		}
		for _, s := range w.Logs {
			switch {
			case slices.Contains(cfg.Logs, s):
			case !choose.Changes(o.Logs):
				return &OptionError{fmt.Sprintf("outputs[%d].logs", i), fmt.Errorf("%q is not among the logs of the run", s.Name)}
			default:
				cfg.Logs = append(cfg.Logs, s)
			}
		}
	}
	return nil
}

// checkView verifies fields and filters against the logs that the output takes.
func checkView(cfg *writers.Config, w *writers.Output, taken []*schemas.Schema) (errs []error) {
	if err := w.Fields.Check(taken, cfg.Groups); err != nil {
		return []error{err} // with a wrong name, logs may be left without any column
	}
	for _, s := range taken {
		if _, err := writers.NewView(s, cfg.Groups, w.Fields, w.Where[s.Name]); err != nil {
			errs = append(errs, err)
		}
	}
	var names []string
	for _, s := range taken {
		names = append(names, s.Name)
	}
	for name := range w.Where {
		if !slices.Contains(names, name) {
			errs = append(errs, fmt.Errorf("where: the output takes no log %q%s", name, nearest.Hint(name, names)))
		}
	}
	if w.Path != "" && w.Rotation.Enabled() {
		errs = append(errs, errors.New("files are rotated, named and compressed in a folder, not at a path"))
	}
	if w.Path != "" && len(taken) != 1 {
		errs = append(errs, errors.New("a file takes the rows of one log: name it by logs, or choose a folder"))
	}
	return errs
}

// known returns all logs that the run may write.
func (o *Options) known() (schemas.Set, error) {
	known, err := schemas.NewSet(o.Schemas...)
	if err != nil {
		return known, &OptionError{"Schemas", err}
	}
	return known, nil
}

// logs returns the logs to write.
func (o *Options) logs() ([]*schemas.Schema, error) {
	known, err := o.known()
	if err != nil {
		return nil, err
	}
	list, err := known.Pick(o.Logs, known.Default(), nil)
	if err != nil {
		return nil, &OptionError{"Logs", err}
	}
	more, err := known.Pick(o.OptionalLogs, nil, nil)
	if err != nil {
		return nil, &OptionError{"OptionalLogs", err}
	}
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list, nil
}

// within returns the logs that outputs may choose without naming them: those of the run if
// it names them, or nil for all.
func (o *Options) within(logs []*schemas.Schema) []*schemas.Schema {
	if choose.Changes(o.Logs) {
		return nil
	}
	return logs
}

// byLog replaces the names of protocols in the lists of fields by those of their logs that
// are taken and have the column.
func byLog(known schemas.Set, taken []*schemas.Schema, f writers.Fields) writers.Fields {
	expand := func(list []string) (expanded []string) {
		for _, e := range list {
			name, rest, ok := strings.Cut(e, ":")
			if !ok || known.Lookup(name) != nil {
				expanded = append(expanded, e)
				continue
			}
			column, _, _ := strings.Cut(rest, "=")
			before := len(expanded)
			for _, s := range known.Named(name) {
				if slices.Contains(taken, s) && slices.ContainsFunc(s.Fields, func(f schemas.Field) bool {
					match, _ := path.Match(column, f.Name)
					return match
				}) {
					expanded = append(expanded, s.Name+":"+rest)
				}
			}
			if len(expanded) == before {
				expanded = append(expanded, e) // reported as a name that is not known
			}
		}
		return expanded
	}
	return writers.Fields{Keep: expand(f.Keep), Drop: expand(f.Drop), Rename: expand(f.Rename), Add: f.Add}
}

// whereByLog replaces the names of protocols by those of their logs that are taken and have
// no condition of their own.
func whereByLog(known schemas.Set, taken []*schemas.Schema, where map[string]string) map[string]string {
	byLog := maps.Clone(where)
	for name, condition := range where {
		if known.Lookup(name) != nil {
			continue
		}
		for _, s := range known.Named(name) {
			if _, own := where[s.Name]; !own && slices.Contains(taken, s) {
				byLog[s.Name] = condition
				delete(byLog, name)
			}
		}
	}
	return byLog
}
