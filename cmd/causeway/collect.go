package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/spf13/cobra"
)

//go:embed collect.sh
var collectScript string

// collection is what the script is filled with.
type collection struct {
	Group, Gateway, Subscription, Cloud, Storage, Workspace, From, To, Bundle string

	Start, End int64 // From and To in seconds: not every date reads times
}

// clouds by the word that people use, with the name that az has for them.
var clouds = map[string]string{"public": "AzureCloud", "usgov": "AzureUSGovernment", "china": "AzureChinaCloud"}

func collectCommand() *cobra.Command {
	var c collection
	var since, until, cloud, script string
	var run, redact bool
	cmd := &cobra.Command{
		Use:   "collect -g GROUP -n GATEWAY | --redact PATH...",
		Short: "Gather the evidence of a gateway in Azure",
		Long: "Write the script of az commands that gathers all evidence of a gateway in Azure into one bundle: document, backend health,\n" +
			"metrics, activity log, logs from the workspace or storage account that its diagnostic settings name. The script only reads.\n" +
			"--run runs it. --redact makes a bundle of evidence at hand in which addresses, hosts, paths and ids are replaced by\n" +
			"pseudonyms, the same for the same thing, so that it can be shared and is diagnosed alike.",
		Example: "  causeway collect -g web -n gw1 > collect.sh\n  causeway collect -g web -n gw1 --since 6h --run\n  causeway collect --redact gw1.tar.gz --bundle gw1-redacted.tar.gz",
		RunE: func(cmd *cobra.Command, paths []string) error {
			if redact && c.Gateway == "" {
				return redactPaths(cmd, paths, c.Bundle)
			}
			if err := c.complete(cloud, since, until, paths); err != nil {
				return err
			}
			text, err := c.script()
			if err != nil {
				return &exitError{code: exitFailed, err: fmt.Errorf("write the script: %w", err)}
			}
			if !run {
				return writeScript(cmd.OutOrStdout(), script, text)
			}
			if err := runScript(cmd, text); err != nil || !redact {
				return err
			}
			return redactPaths(cmd, []string{c.Bundle}, strings.TrimSuffix(c.Bundle, ".tar.gz")+"-redacted.tar.gz")
		},
	}
	f := cmd.Flags()
	f.StringVarP(&c.Group, "resource-group", "g", "", "resource group of the gateway")
	f.StringVarP(&c.Gateway, "name", "n", "", "name of the gateway")
	f.StringVar(&c.Subscription, "subscription", "", "subscription (default the one of az)")
	f.StringVar(&cloud, "cloud", "public", "public, usgov or china")
	f.StringVar(&c.Storage, "storage", "", "storage account with the logs (default the one of the diagnostic settings)")
	f.StringVar(&c.Workspace, "workspace", "", "workspace id (GUID) with the logs (default the one of the diagnostic settings)")
	f.StringVar(&since, "since", "24h", "beginning of the window: a time, or how long ago")
	f.StringVar(&until, "until", "", "end of the window (default now)")
	f.StringVar(&script, "script", "", "file to write the script to (default standard output)")
	f.StringVar(&c.Bundle, "bundle", "", "file to gather into (default GATEWAY.tar.gz)")
	f.BoolVar(&run, "run", false, "run the script")
	f.BoolVar(&redact, "redact", false, "replace addresses, hosts, paths and ids by pseudonyms")
	return cmd
}

func (c *collection) complete(cloud, since, until string, paths []string) error {
	switch {
	case c.Group == "" || c.Gateway == "":
		return &exitError{code: exitUsage, err: errors.New("collect: which gateway? -g GROUP and -n GATEWAY are needed"), hint: "az network application-gateway list -o table shows them; --redact PATH needs neither"}
	case len(paths) > 0:
		return &exitError{code: exitUsage, err: fmt.Errorf("collect: %s: paths go with --redact only", strings.Join(paths, " "))}
	case clouds[cloud] == "":
		return oneOf("--cloud", cloud, "public", "usgov", "china")
	}
	now := time.Now()
	o, err := window(since, until, now)
	if err != nil {
		return err
	}
	if o.Until.IsZero() {
		o.Until = now
	}
	c.Cloud, c.From, c.To = clouds[cloud], o.Since.UTC().Format(time.RFC3339), o.Until.UTC().Format(time.RFC3339)
	c.Start, c.End = o.Since.Unix(), o.Until.Unix()
	if c.Bundle == "" {
		c.Bundle = c.Gateway + ".tar.gz"
	}
	return nil
}

// script fills the script in. Every value is quoted for the shell.
func (c *collection) script() (string, error) {
	t, err := template.New("collect").Funcs(template.FuncMap{"q": shellQuoted}).Parse(collectScript)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	plain := *c
	plain.Gateway = strings.Map(func(r rune) rune { // it stands in a comment too
		if r < ' ' {
			return -1
		}
		return r
	}, c.Gateway)
	err = t.Execute(&b, plain)
	return b.String(), err
}

func shellQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func writeScript(stdout io.Writer, path, text string) error {
	if path == "" {
		_, err := io.WriteString(stdout, text)
		return err
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("write the script: %w", err)}
	}
	return nil
}

func runScript(cmd *cobra.Command, text string) error {
	if _, err := exec.LookPath("bash"); err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("run the script: %w", err), hint: "write it with --script FILE and run it where there is a bash, or in the Cloud Shell"}
	}
	dir, err := os.MkdirTemp("", "causeway-collect-")
	if err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("run the script: %w", err)}
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "collect.sh")
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("run the script: %w", err)}
	}
	c := exec.CommandContext(cmd.Context(), "bash", path)
	c.Stdout, c.Stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
	if err := c.Run(); err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("run the script: %w", err), hint: "what it printed says what is missing; az login, if it is not signed in; az network application-gateway list -o table\nshows the groups and names of gateways"}
	}
	return nil
}
