package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/wirelog/wirelog/config"
	"github.com/wirelog/wirelog/internal/printable"
	"github.com/wirelog/wirelog/pipeline"
)

func (p *program) checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Try all outputs without packets",
		Long: `Start every output as "wirelog read" would and report whether it can be written:
folders and files are opened, programs for finished files looked up, brokers asked for
topics and permissions. No row is written, and nothing is replaced. The command takes the
flags of "wirelog read".

Exit status: 0 if all outputs can be written, 2 if not.`,
		Example: `  wirelog check --config /etc/wirelog/wirelog.yaml
  wirelog check --kafka kafka1:9092 --logs conn,dns`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.load(cmd)
			if err != nil {
				return err
			}
			opts := cfg.RunOptions()
			opts.Version = buildVersion()
			checks, err := pipeline.Check(cmd.Context(), opts)
			var option *pipeline.OptionError
			if errors.As(err, &option) {
				if place := cfg.Place(option.Option); place != "" {
					return fmt.Errorf("%s: %w", place, option.Err)
				}
				return option.Err
			}
			if err != nil {
				return err
			}
			return p.printChecks(checks)
		},
	}
	config.AddFlags(cmd.Flags())
	completeFlags(cmd)
	return cmd
}

// printChecks prints a line for each output, and returns an error if one cannot be written.
func (p *program) printChecks(checks []pipeline.OutputCheck) error {
	failed := 0
	for _, c := range checks {
		name := c.Name
		if c.Type != "" && c.Type != c.Name {
			name += " (" + c.Type + ")"
		}
		for _, note := range c.Notes {
			fmt.Fprintf(p.stdout, "note  %s: %s\n", name, printable.Text(note))
		}
		if c.Err == nil {
			fmt.Fprintf(p.stdout, "ok    %s: %s\n", name, printable.Text(c.Where))
			continue
		}
		failed++
		for _, line := range printable.Lines(c.Err) {
			fmt.Fprintf(p.stdout, "FAIL  %s: %s\n", name, line)
		}
	}
	if failed > 0 {
		return fmt.Errorf("check: %d of %d outputs cannot be written", failed, len(checks))
	}
	return nil
}
