package pipeline

import (
	"errors"
	"time"

	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/arrow"
	"github.com/wirelog/wirelog/writers/parquet"
)

// ParquetSettings are the settings of outputs of type parquet.
type ParquetSettings struct {
	Dir        string        `key:"dir" is:"path" doc:"root of the tree of files, {dir}/{log}/date=.../hour=.../; created if missing"`
	Partition  string        `key:"partition" oneof:"write,event" doc:"time that selects a row's folder: write (packet time when the row was written) or event (the row's ts)"`
	Flat       bool          `key:"flat" doc:"columns with dotted names, such as \"id.orig_h\", instead of structs"`
	AllColumns bool          `key:"all_columns" doc:"all columns of a log are there, null if not asked for by columns, so that all files of a log have the same; false leaves them out"`
	RowGroup   int           `key:"row_group" unit:"bytes" min:"65536" doc:"bytes of memory that a row group may take before it is written"`
	Memory     int           `key:"memory" unit:"bytes" min:"1048576" doc:"bytes of memory that all row groups may take; the largest is written when they take more"`
	FileSize   int           `key:"file_size" unit:"bytes" min:"0" doc:"bytes after which a file is finished and another begun; 0 is no bound"`
	FileAge    time.Duration `key:"file_age" doc:"wall-clock time after which a file is finished, with or without new rows; 0s is no bound"`
}

func (s *ParquetSettings) apply(w *writers.Output) error {
	p := parquet.Settings{
		Root: s.Dir, Partition: parquet.Partition(s.Partition), Flat: s.Flat,
		RowGroup: int64(s.RowGroup), Memory: int64(s.Memory), FileSize: int64(s.FileSize), FileAge: s.FileAge,
	}
	if err := p.Check(); err != nil {
		return err
	}
	w.Place, w.AllColumns = parquet.New(p), s.AllColumns
	return nil
}

func defaultParquet(dir string) *ParquetSettings {
	d := parquet.Default(dir)
	return &ParquetSettings{
		Dir: d.Root, Partition: string(d.Partition), AllColumns: true, RowGroup: int(d.RowGroup), Memory: int(d.Memory),
		FileSize: int(d.FileSize), FileAge: d.FileAge,
	}
}

var parquetType = OutputFactory{
	Name: FormatParquet, Doc: "Parquet files in a tree of partitions",
	Settings: func() any { return defaultParquet(".") },
	Short:    func(o *Options) any { return defaultParquet(o.OutputDir) },
	Make: func(o *Options, settings any, w *writers.Output) error {
		if len(o.Outputs) == 0 && o.OutputPath != "" {
			return errors.New("format parquet: its files are in a tree of folders: name its root with output_dir")
		}
		return settings.(*ParquetSettings).apply(w)
	},
}

// ArrowSettings are the settings of outputs of type arrow.
type ArrowSettings struct {
	Dir        string `key:"dir" is:"path" doc:"folder for the files, created if missing"`
	Path       string `key:"path" is:"path" doc:"file for the only log that the output takes, instead of dir; - is standard output, which gets a stream"`
	Form       string `key:"form" oneof:"file,stream" doc:"form of files: file ({log}.arrow) or stream ({log}.arrows)"`
	Compress   string `key:"compress" oneof:"none,lz4,zstd" doc:"compression of columns: none, lz4 or zstd"`
	Flat       bool   `key:"flat" doc:"columns with dotted names, such as \"id.orig_h\", instead of structs"`
	AllColumns bool   `key:"all_columns" doc:"all columns of a log are there, null if not asked for by columns, so that all files of a log have the same; false leaves them out"`
	Batch      int    `key:"batch" unit:"bytes" min:"1024" doc:"bytes that a batch of a log may take in memory before it is written"`
}

func (s *ArrowSettings) apply(w *writers.Output) error {
	a := arrow.Settings{Dir: s.Dir, Path: s.Path, Form: s.Form, Compress: s.Compress, Flat: s.Flat, Batch: s.Batch}
	if err := a.Check(); err != nil {
		return err
	}
	w.Place, w.Path, w.AllColumns = arrow.New(a), s.Path, s.AllColumns
	return nil
}

func defaultArrow(dir, path string) *ArrowSettings {
	d := arrow.Default(dir)
	return &ArrowSettings{Dir: d.Dir, Path: path, Form: d.Form, Compress: d.Compress, AllColumns: true, Batch: d.Batch}
}

var arrowType = OutputFactory{
	Name: FormatArrow, Doc: "Arrow IPC files or streams",
	Settings: func() any { return defaultArrow(".", "") },
	Short:    func(o *Options) any { return defaultArrow(o.OutputDir, o.OutputPath) },
	Make: func(_ *Options, settings any, w *writers.Output) error {
		return settings.(*ArrowSettings).apply(w)
	},
}
