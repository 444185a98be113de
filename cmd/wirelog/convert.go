package main

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/wirelog/wirelog/pipeline"
)

func (p *program) convertCommand() *cobra.Command {
	var opts pipeline.ConvertOptions
	var quiet bool
	cmd := &cobra.Command{
		Use:   "convert LOG...",
		Short: "Write logs in another format",
		Long: `Read logs, of this program or of Zeek, and write them in another format.

A file is, by what is in it, Zeek's TSV, JSON with one object a line, Parquet, or an
Arrow file or stream; all but Parquet may be compressed with gzip or zstd. A folder
stands for the logs in it, a tree of Parquet files too, and - for standard input. The types of columns
are those of TSV's header or of the metadata of Parquet and Arrow, and of other
files those of this build's log of that name, or else what the values look like. The
rows of a log go to one file, in the order of the files given; one that exists is
not replaced.

A row that cannot be read is named with its file and line and left out, and of a
damaged file the rows before the damage are converted; the exit status is then 1.
JSON with ECS names is not read: it does not keep all of a log.`,
		Example: `  wirelog convert /opt/zeek/logs/current --to json -o json
  wirelog convert conn.log.gz --to json --naming ecs -o ecs
  wirelog convert lake/conn --to tsv -o zeek
  zcat dns.*.log.gz | wirelog convert - --to parquet -o lake`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("convert: which logs? Name files or folders")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.Dir == "" {
				return errors.New("convert: where to? Name a folder with -o")
			}
			opts.Paths, opts.Version = args, buildVersion()
			said := false
			opts.Report = func(err error) {
				said = true
				fmt.Fprintln(p.stderr, "wirelog:", err)
			}
			opts.Notice = func(msg string) { fmt.Fprintln(p.stderr, "wirelog:", msg) }
			stats, err := pipeline.Convert(cmd.Context(), opts)
			if len(stats.Streams) > 0 && !quiet {
				t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
				fmt.Fprintln(t, "LOG\tREAD\tWRITTEN\t")
				for _, s := range stats.Streams {
					fmt.Fprintf(t, "%s\t%d\t%d\t\n", s.Log, s.Built, s.Written)
				}
				err = errors.Join(err, t.Flush())
			}
			if err != nil && (said || len(stats.Streams) > 0) {
				return lossError{fmt.Errorf("convert: %w", err)}
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVarP(&opts.Dir, "output-dir", "o", "", "folder for what is written, created if missing")
	f.StringVar(&opts.Format, "to", pipeline.FormatTSV, "format that is written")
	f.StringVar(&opts.Naming, "naming", pipeline.NamingZeek, "names of columns in JSON: zeek or ecs")
	f.StringVar(&opts.Timestamps, "json-timestamps", pipeline.TimestampsEpoch, "times in JSON: epoch (seconds), millis or iso8601")
	f.BoolVar(&opts.Streaming, "streaming", false, "JSON as Zeek's JSON streaming logs, with _path and _write_ts; Arrow streams instead of files")
	f.BoolVar(&opts.Flat, "flat", false, "columns named id.orig_h instead of structs, in Parquet and Arrow")
	f.StringVar(&opts.Compress, "compress", "none", "compression: none, gzip or zstd; of Arrow none, lz4 or zstd")
	f.StringVar(&opts.Log, "log", "", "log of the files that do not say which one they are of, instead of the one that they are named after")
	f.BoolVarP(&quiet, "quiet", "q", false, "do not print how many rows there were")
	registerCompletion(cmd, "to", completeList(pipeline.Formats))
	registerCompletion(cmd, "naming", completeList(func() []string { return []string{pipeline.NamingZeek, pipeline.NamingECS} }))
	registerCompletion(cmd, "json-timestamps", completeList(pipeline.TimestampForms))
	registerCompletion(cmd, "compress", completeList(func() []string { return []string{"none", "gzip", "lz4", "zstd"} }))
	registerCompletion(cmd, "log", completeNames(logNames))
	_ = cmd.MarkFlagDirname("output-dir")
	return cmd
}
