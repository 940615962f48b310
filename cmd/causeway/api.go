package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"causeway/internal/access"
	"causeway/internal/admin"
	"causeway/internal/arm"
	"causeway/internal/evidence"
	"causeway/internal/store"
	"causeway/internal/supervisor"
)

func apiCommand() *cobra.Command {
	credentials := group("credentials", "Decide who may use the management API",
		credentialCreateCommand(), credentialListCommand(), credentialRevokeCommand())
	return group("api", "Let Azure's clients manage this gateway", apiTrustCommand(), credentials)
}

func apiTrustCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Print how each client trusts the management API and signs in",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			status, err := admin.NewClient(supervisor.Socket(data)).Status()
			if err != nil {
				return notRunning(err, data)
			}
			if status.API == "" {
				return &exitError{
					exitFailed, errors.New("the gateway runs without the management API"),
					"start it with causeway serve --api :8443",
				}
			}
			if path, is := arm.SocketPath(status.API); is {
				return printSocketTrust(cmd.OutOrStdout(), path)
			}
			file, err := filepath.Abs(supervisor.AuthorityFile(data))
			if err != nil {
				return err
			}
			return printTrust(cmd.OutOrStdout(), status.API, file)
		},
	}
	dataFlag(cmd, &data)
	return cmd
}

// trustText is what each client needs. In braces: the address, the same without its scheme, the file of the authority.
const trustText = `# az
export REQUESTS_CA_BUNDLE={ca}
az cloud register -n causeway --endpoint-resource-manager {base} && az cloud set -n causeway
az login --service-principal -u CLIENT_ID -p CLIENT_SECRET --tenant {tenant}

# Azure SDK for Go: azidentity.NewClientSecretCredential("{tenant}", id, secret, …), and for both it and the client this cloud.Configuration
export SSL_CERT_FILE={ca}
ActiveDirectoryAuthorityHost: "{base}/"
Services: {cloud.ResourceManager: {Endpoint: "{base}", Audience: "{base}/arm"}}

# Azure SDK for JavaScript
export NODE_EXTRA_CA_CERTS={ca}
new ClientSecretCredential("{tenant}", id, secret, { authorityHost: "{base}", disableInstanceDiscovery: true })
new NetworkManagementClient(credential, subscription, { endpoint: "{base}", credentialScopes: ["{base}/arm/.default"] })

# Terraform: azurerm, and azapi
export SSL_CERT_FILE={ca}
provider "azurerm" {
  features {}
  metadata_host                   = "{host}"
  environment                     = "Causeway"
  resource_provider_registrations = "none"
}
provider "azapi" {
  tenant_id = "{tenant}"
  endpoint = [{
    resource_manager_endpoint       = "{base}"
    resource_manager_audience       = "{base}/arm"
    active_directory_authority_host = "{base}/"
  }]
}

# a client id and its secret: causeway api credentials create --role operator
`

// socketText is what a client of the socket needs. In braces: the path, quoted for the shell.
const socketText = `# root and the user that runs Causeway are owners on the socket, without a token

curl --unix-socket {path} 'http://localhost/subscriptions?api-version=2022-12-01'
causeway collect --api unix:{path} -g GROUP -n GATEWAY

# az and Terraform need an address: causeway serve --api :8443
`

func printSocketTrust(w io.Writer, path string) error {
	_, err := strings.NewReplacer("{path}", evidence.Printable(shellQuoted(path))).WriteString(w, socketText)
	return err
}

func printTrust(w io.Writer, base, file string) error {
	_, err := strings.NewReplacer("{base}", base, "{host}", strings.TrimPrefix(base, "https://"), "{tenant}", access.Tenant,
		"{ca}", evidence.Printable(file)).WriteString(w, trustText)
	return err
}

func credentialCreateCommand() *cobra.Command {
	var data, role, note, output string
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create a credential and print its secret, once",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var made admin.NewCredential
			err := withCredentials(cmd, data,
				func(c *admin.Client) (err error) { made, err = c.CreateCredential(access.Role(role), note); return err },
				func(ctx context.Context, s *store.Store) (err error) {
					made, err = admin.CreateCredential(ctx, s, access.Role(role), note)
					return err
				})
			if err != nil {
				return err
			}
			if output == "json" {
				return printJSON(cmd.OutOrStdout(), made)
			}
			return writeLine(cmd.OutOrStdout(), fmt.Sprintf("clientId      %s\nclientSecret  %s\ntenant        %s\nrole          %s",
				made.ID, made.Secret, made.Tenant, made.Role))
		},
	}
	dataFlag(cmd, &data)
	role = string(access.Reader)
	choiceFlag(cmd.Flags(), &role, "role", "", "what the credential may do", roleNames()...)
	cmd.Flags().StringVar(&note, "note", "", "what it is for, as list shows it")
	outputFlag(cmd.Flags(), &output, "text", "json")
	return cmd
}

func roleNames() (names []string) {
	for _, r := range access.Roles() {
		names = append(names, string(r))
	}
	return names
}

func credentialListCommand() *cobra.Command {
	var data, output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the credentials of the management API",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all []access.Credential
			err := withCredentials(cmd, data,
				func(c *admin.Client) (err error) { all, err = c.Credentials(); return err },
				func(ctx context.Context, s *store.Store) (err error) { all, err = access.List(ctx, s); return err })
			if err != nil {
				return err
			}
			if output == "json" {
				return printJSON(cmd.OutOrStdout(), all)
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "CLIENT ID\tROLE\tCREATED\tNOTE")
			for _, c := range all {
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", c.ID, c.Role, c.Created.Format("2006-01-02 15:04"), evidence.Printable(c.Note))
			}
			return table.Flush()
		},
	}
	dataFlag(cmd, &data)
	outputFlag(cmd.Flags(), &output, "text", "json")
	return cmd
}

func credentialRevokeCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "revoke CLIENT-ID",
		Short: "Revoke a credential, with the tokens that it has",
		Args:  argument("the client id, as causeway api credentials list shows it"),
		RunE: func(cmd *cobra.Command, ids []string) error {
			err := withCredentials(cmd, data,
				func(c *admin.Client) error { return c.RevokeCredential(ids[0]) },
				func(ctx context.Context, s *store.Store) error { return access.Revoke(ctx, s, ids[0]) })
			if err != nil {
				return err
			}
			return writeLine(cmd.OutOrStdout(), ids[0]+" is revoked; within five seconds no node takes its tokens")
		},
	}
	dataFlag(cmd, &data)
	return cmd
}

// withCredentials asks the gateway that runs on a data directory, or else opens the store that lies there.
func withCredentials(cmd *cobra.Command, data string, ask func(*admin.Client) error, open func(context.Context, *store.Store) error) error {
	client := admin.NewClient(supervisor.Socket(data))
	if _, err := client.Status(); err == nil {
		return storeError(ask(client))
	}
	if _, err := os.Stat(store.Within(data)); err != nil { // a credential in the wrong directory would be a riddle
		return &exitError{
			exitFailed, fmt.Errorf("no gateway has stored anything in %s", evidence.Printable(data)),
			"give the data directory with --data, or start causeway serve first",
		}
	}
	return withStore(cmd, data, open)
}
