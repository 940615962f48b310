package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is that of the tag; the build sets it (-ldflags "-X main.version=…").
var version = ""

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return writeLine(cmd.OutOrStdout(), versionText())
		},
	}
}

// buildVersion is the version that the build set, else that of the module; empty if neither is known.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
}

// versionText names the build: version, Go version, platform.
func versionText() string {
	return fmt.Sprintf("causeway %s (%s, %s/%s)", dashIfEmpty(buildVersion()), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
