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

A file may be Zeek's TSV, JSON with one object per line, Parquet, or an Arrow file or
stream, which is detected from its contents. All but Parquet may be compressed with
gzip or zstd. A folder stands for all logs in it, which may be a tree of Parquet files,
and - for standard input. The types of columns come from the header of TSV or the
metadata of Parquet and Arrow; for other files, from this build's log of that name, or
else from the values. The rows of a log go to one file, in the order of the given files.
Files of an earlier conversion or run are not replaced without --overwrite.

A row that cannot be read is reported with its file and line, and left out. The rows
before the damage in a damaged file are converted. In both cases the exit status is 1.
JSON with ECS names cannot be read, because it does not contain all of a log.`,
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
	f.StringVarP(&opts.Dir, "output-dir", "o", "", "folder for the written files, created if missing")
	f.StringVar(&opts.Format, "to", pipeline.FormatTSV, "format to write")
	f.StringVar(&opts.Naming, "naming", pipeline.NamingZeek, "names of columns in JSON: zeek or ecs")
	f.StringVar(&opts.Timestamps, "json-timestamps", pipeline.TimestampsEpoch, "times in JSON: epoch (seconds), millis or iso8601")
	f.BoolVar(&opts.Streaming, "streaming", false, "write JSON like Zeek's JSON streaming logs, with _path and _write_ts, or Arrow streams instead of files")
	f.BoolVar(&opts.Flat, "flat", false, "write columns named id.orig_h instead of structs, in Parquet and Arrow")
	f.StringVar(&opts.Compress, "compress", "none", "compression: none, gzip or zstd; for Arrow none, lz4 or zstd")
	f.StringVar(&opts.Log, "log", "", "log of files that do not name their log; by default the one in the file name")
	f.BoolVar(&opts.Overwrite, "overwrite", false, "replace the files of an earlier conversion or run in the folder, as a set")
	f.BoolVarP(&quiet, "quiet", "q", false, "do not print the numbers of rows")
	registerCompletion(cmd, "to", completeList(pipeline.Formats))
	registerCompletion(cmd, "naming", completeList(func() []string { return []string{pipeline.NamingZeek, pipeline.NamingECS} }))
	registerCompletion(cmd, "json-timestamps", completeList(pipeline.TimestampForms))
	registerCompletion(cmd, "compress", completeList(func() []string { return []string{"none", "gzip", "lz4", "zstd"} }))
	registerCompletion(cmd, "log", completeNames(logNames))
	_ = cmd.MarkFlagDirname("output-dir")
	return cmd
}
