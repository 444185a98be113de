package main

import (
	"github.com/spf13/cobra"

	"github.com/wirelog/wirelog/config"
)

func (p *program) configCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the effective configuration and where each value comes from",
		Long: `Print the effective configuration as a configuration file: every key with its
documentation, its value, and the source of the value: a default, a file, an
environment variable or a flag. The command takes the flags of "wirelog read".

On a terminal the comments are wrapped to its width.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.load(cmd)
			if err != nil {
				return err
			}
			return cfg.Write(p.stdout, format, terminalWidth(p.stdout))
		},
	}
	config.AddFlags(cmd.Flags())
	completeFlags(cmd)
	cmd.Flags().StringVar(&format, "as", "yaml", "format to print: yaml or toml")
	_ = cmd.RegisterFlagCompletionFunc("as", completeList(config.FileFormats))
	return cmd
}
