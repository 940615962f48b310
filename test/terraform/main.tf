# One gateway under Causeway's management API, as azapi describes it.

terraform {
  required_providers {
    azapi = { source = "azure/azapi" }
  }
}

variable "api" {
  description = "https://HOST:PORT of the management API"
  type        = string
}

variable "instances" {
  type    = number
  default = 1
}

variable "timeout" {
  description = "request timeout in seconds"
  type        = number
  default     = 20
}

variable "frontend_port" { type = number }
variable "member_port" { type = number }

provider "azapi" { # the credential is in ARM_CLIENT_ID and ARM_CLIENT_SECRET
  subscription_id            = "00000000-0000-0000-0000-000000000001"
  tenant_id                  = "adfs"
  skip_provider_registration = true
  endpoint = [{
    resource_manager_endpoint       = var.api
    resource_manager_audience       = "${var.api}/arm"
    active_directory_authority_host = "${var.api}/"
  }]
}

locals {
  gateway = "${azapi_resource.group.id}/providers/Microsoft.Network/applicationGateways/gw1"
}

resource "azapi_resource" "group" {
  type      = "Microsoft.Resources/resourceGroups@2022-09-01"
  name      = "rg"
  parent_id = "/subscriptions/00000000-0000-0000-0000-000000000001"
  location  = "westeurope"
}

resource "azapi_resource" "network" {
  type      = "Microsoft.Network/virtualNetworks@2023-04-01"
  name      = "net"
  parent_id = azapi_resource.group.id
  location  = "westeurope"
  body = {
    properties = {
      addressSpace = { addressPrefixes = ["10.1.0.0/16"] }
      subnets      = [{ name = "gateway", properties = { addressPrefix = "10.1.0.0/24" } }]
    }
  }
}

resource "azapi_resource" "gateway" {
  type      = "Microsoft.Network/applicationGateways@2023-04-01"
  name      = "gw1"
  parent_id = azapi_resource.group.id
  location  = "westeurope"
  body = {
    properties = {
      sku                     = { name = "Standard_v2", tier = "Standard_v2", capacity = var.instances }
      gatewayIPConfigurations = [{ name = "in", properties = { subnet = { id = "${azapi_resource.network.id}/subnets/gateway" } } }]
      frontendIPConfigurations = [{
        name       = "private"
        properties = { privateIPAddress = "127.0.0.1", privateIPAllocationMethod = "Static", subnet = { id = "${azapi_resource.network.id}/subnets/gateway" } }
      }]
      frontendPorts       = [{ name = "http", properties = { port = var.frontend_port } }]
      backendAddressPools = [{ name = "web", properties = { backendAddresses = [{ ipAddress = "127.0.0.1" }] } }]
      backendHttpSettingsCollection = [{
        name       = "http"
        properties = { port = var.member_port, protocol = "Http", requestTimeout = var.timeout, cookieBasedAffinity = "Disabled" }
      }]
      httpListeners = [{
        name = "all"
        properties = {
          protocol                = "Http"
          frontendIPConfiguration = { id = "${local.gateway}/frontendIPConfigurations/private" }
          frontendPort            = { id = "${local.gateway}/frontendPorts/http" }
        }
      }]
      requestRoutingRules = [{
        name = "all"
        properties = {
          ruleType            = "Basic"
          priority            = 10
          httpListener        = { id = "${local.gateway}/httpListeners/all" }
          backendAddressPool  = { id = "${local.gateway}/backendAddressPools/web" }
          backendHttpSettings = { id = "${local.gateway}/backendHttpSettingsCollection/http" }
        }
      }]
    }
  }
  response_export_values = ["properties.operationalState"]
}

output "state" {
  value = azapi_resource.gateway.output
}
