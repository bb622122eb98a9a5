{{- define "inventory.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The name of the server's Service, which the gateway calls and a certificate is made for. */}}
{{- define "inventory.serverService" -}}
{{- default (printf "%s-server" (include "inventory.fullname" .)) .Values.server.service.name -}}
{{- end -}}

{{- define "inventory.serviceAccount" -}}
{{- default (ternary (include "inventory.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name -}}
{{- end -}}

{{/* The ports of the health and metrics pages: the worker's, the scheduler's, the server's, the gateway's. */}}
{{- define "inventory.healthPorts" -}}
- {protocol: TCP, port: 50061}
- {protocol: TCP, port: 50062}
- {protocol: TCP, port: 50065}
- {protocol: TCP, port: 8080}
{{- end -}}

{{- define "inventory.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "inventory.labels" -}}
{{ include "inventory.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "inventory.image" -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag -}}
{{- if eq $tag "latest" -}}
{{- fail "image.tag: latest is no version; name one, or leave it empty for the chart's" -}}
{{- end -}}
{{- if not .Values.image.repository -}}
{{- fail "image.repository: name where the image lies" -}}
{{- end -}}
{{- printf "%s:%s" .Values.image.repository $tag -}}
{{- end -}}

{{/* Refuses what would be unsafe or could not run, in plain words. */}}
{{- define "inventory.check" -}}
{{- $auth := .Values.authentication -}}
{{- $static := eq (default "static" .Values.settings.platform) "static" -}}
{{- if not $auth.mode -}}
{{- fail "authentication.mode: choose jwt, or none for everybody" -}}
{{- end -}}
{{- if and (eq $auth.mode "none") (not $auth.allowEverybody) -}}
{{- fail "authentication.mode none lets everybody who reaches the service do everything; if that is meant, set authentication.allowEverybody to true" -}}
{{- end -}}
{{- if and (eq $auth.mode "jwt") $auth.allowEverybody -}}
{{- fail "authentication.allowEverybody goes with mode none only" -}}
{{- end -}}
{{- if and (eq $auth.mode "jwt") (not $auth.authorization) -}}
{{- fail "authentication.authorization: choose identity, or none for everybody with a valid token" -}}
{{- end -}}
{{- if and (eq $auth.mode "none") (eq $auth.authorization "identity") -}}
{{- fail "authentication.authorization identity needs mode jwt" -}}
{{- end -}}
{{- if and $static (eq $auth.authorization "identity") -}}
{{- fail "authentication.authorization identity needs settings.platform grpc" -}}
{{- end -}}
{{- if and $static (eq $auth.mode "jwt") (not $auth.jwksConfigMap.name) -}}
{{- fail "authentication.jwksConfigMap.name: required with mode jwt where settings.platform is not grpc" -}}
{{- end -}}
{{- if not .Values.mongodb.existingSecret.name -}}
{{- fail "mongodb.existingSecret.name: name the Secret that holds the connection string" -}}
{{- end -}}
{{- if not .Values.redis.existingSecret.name -}}
{{- fail "redis.existingSecret.name: name the Secret that holds the URL" -}}
{{- end -}}
{{- if and $static (not .Values.staticFile.existingSecret.name) -}}
{{- fail "settings.platform: grpc, or name the Secret with the platform file in staticFile.existingSecret.name" -}}
{{- end -}}
{{- if not $static -}}
{{- range $name := list "plugin_endpoint" "repository_endpoint" "secret_endpoint" "identity_endpoint" -}}
{{- if not (get $.Values.settings $name) -}}
{{- fail (printf "settings.%s: required where settings.platform is grpc" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $kind := list "server" "worker" -}}
{{- $scale := (get $.Values $kind).autoscaling -}}
{{- if and $scale.enabled (gt (int $scale.minReplicas) (int $scale.maxReplicas)) -}}
{{- fail (printf "%s.autoscaling: maxReplicas is less than minReplicas" $kind) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.worker.autoscaling.enabled .Values.worker.keda.enabled -}}
{{- fail "worker.keda and worker.autoscaling: enable one of the two" -}}
{{- end -}}
{{- if .Values.worker.keda.enabled -}}
{{- if not .Values.worker.keda.serverAddress -}}
{{- fail "worker.keda.serverAddress: name the URL of Prometheus" -}}
{{- end -}}
{{- if gt (int .Values.worker.keda.minReplicas) (int .Values.worker.keda.maxReplicas) -}}
{{- fail "worker.keda: maxReplicas is less than minReplicas" -}}
{{- end -}}
{{- end -}}
{{- range $kind := list "ingress" "httpRoute" -}}
{{- if and (get $.Values.gateway $kind).enabled (not $.Values.gateway.enabled) -}}
{{- fail (printf "gateway.%s needs gateway.enabled" $kind) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.gateway.ingress.enabled (not .Values.gateway.ingress.hosts) -}}
{{- fail "gateway.ingress.hosts: name a host" -}}
{{- end -}}
{{- if and .Values.gateway.httpRoute.enabled (not .Values.gateway.httpRoute.parentRefs) -}}
{{- fail "gateway.httpRoute.parentRefs: name the Gateway" -}}
{{- end -}}
{{- if eq (include "inventory.serverService" .) (printf "%s-gateway" (include "inventory.fullname" .)) -}}
{{- fail "server.service.name: the gateway's Service has that name" -}}
{{- end -}}
{{- range $each := .Values.extraEnv -}}
{{- if and (hasPrefix "INVENTORY_" $each.name) (not $each.valueFrom) -}}
{{- fail (printf "extraEnv: %s goes under settings, or comes from a Secret by valueFrom" $each.name) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.tls.clientAuthentication (or (not .Values.tls.existingSecret) .Values.gateway.enabled) -}}
{{- fail "tls.clientAuthentication needs tls.existingSecret, and gateway.enabled false" -}}
{{- end -}}
{{- $drain := float64 (default 20 .Values.settings.drain_seconds) -}}
{{- if le (float64 .Values.terminationGracePeriodSeconds) (addf $drain 10) -}}
{{- fail "terminationGracePeriodSeconds: must exceed settings.drain_seconds by more than 10, else what drains is killed" -}}
{{- end -}}
{{- range $name := list "mongo_uri" "redis_url" "system_token" -}}
{{- if hasKey $.Values.settings $name -}}
{{- fail (printf "settings.%s is a secret: name an existing Secret instead" $name) -}}
{{- end -}}
{{- end -}}
{{- range $name := list "host" "port" "server_health_port" "worker_health_port" "scheduler_health_port" "gateway_port" "gateway_upstream" "authentication" "authorization" "allow_unauthenticated_remote" "migrate_at_start" "jwks_file" "static_file" "tls_certificate_file" "tls_key_file" "tls_client_ca_file" "server_processes" "worker_processes" -}}
{{- if hasKey $.Values.settings $name -}}
{{- fail (printf "settings.%s is the chart's to set" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Where a pod runs. Gets a dict of Values and own, the values of its kind, which come first. */}}
{{- define "inventory.scheduling" -}}
{{- $own := .own -}}
{{- $all := .Values -}}
{{- range $name := list "nodeSelector" "tolerations" "affinity" -}}
{{- with default (get $all $name) (get $own $name) }}
{{ $name }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with default $all.priorityClassName $own.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* Gets a dict of root and kind. */}}
{{- define "inventory.spread" -}}
{{- $labels := merge (include "inventory.selector" .root | fromYaml) (dict "app.kubernetes.io/component" .kind) -}}
{{- $added := dict "labelSelector" (dict "matchLabels" $labels) "matchLabelKeys" (list "pod-template-hash") -}}
{{- $zones := dict "maxSkew" 1 "topologyKey" "topology.kubernetes.io/zone" "whenUnsatisfiable" "ScheduleAnyway" -}}
{{- $nodes := dict "maxSkew" 1 "topologyKey" "kubernetes.io/hostname" "whenUnsatisfiable" "ScheduleAnyway" -}}
{{- range $each := default (list $zones $nodes) .root.Values.topologySpreadConstraints }}
- {{ toYaml (merge (deepCopy $each) $added) | nindent 2 | trim }}
{{- end }}
{{- end -}}

{{- define "inventory.secretEnv" -}}
- name: INVENTORY_MONGO_URI
  valueFrom:
    secretKeyRef:
      name: {{ .Values.mongodb.existingSecret.name }}
      key: {{ .Values.mongodb.existingSecret.key }}
- name: INVENTORY_REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.redis.existingSecret.name }}
      key: {{ .Values.redis.existingSecret.key }}
{{- if .Values.systemToken.existingSecret.name }}
- name: INVENTORY_SYSTEM_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ .Values.systemToken.existingSecret.name }}
      key: {{ .Values.systemToken.existingSecret.key }}
{{- end }}
{{- end -}}

{{/* Both get a dict of Values and kind: a pod holds no secret that its process does not use. */}}
{{- define "inventory.mounts" -}}
- name: tmp
  mountPath: /tmp
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- if and .Values.staticFile.existingSecret.name (ne .kind "gateway") }}
- name: platform
  mountPath: /etc/inventory/platform
  readOnly: true
{{- end }}
{{- if and .Values.authentication.jwksConfigMap.name (eq .kind "server") }}
- name: jwks
  mountPath: /etc/inventory/jwks
  readOnly: true
{{- end }}
{{- if .Values.tls.existingSecret }}
- name: tls
  mountPath: /etc/inventory/tls
  readOnly: true
{{- end }}
{{- end -}}

{{- define "inventory.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 256Mi
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- if and .Values.staticFile.existingSecret.name (ne .kind "gateway") }}
- name: platform
  secret:
    secretName: {{ .Values.staticFile.existingSecret.name }}
    # The group's too, which is the pod's own.
    defaultMode: 0440
{{- end }}
{{- if and .Values.authentication.jwksConfigMap.name (eq .kind "server") }}
- name: jwks
  configMap:
    name: {{ .Values.authentication.jwksConfigMap.name }}
{{- end }}
{{- if .Values.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ .Values.tls.existingSecret }}
    defaultMode: 0440
    {{- if ne .kind "server" }}
    # Not the key: settings.platform_ca_file, which all of them read, may be the CA.
    optional: true
    items: [{key: ca.crt, path: ca.crt}]
    {{- end }}
{{- end }}
{{- end -}}

{{/* The messages of this installation. A PodMonitor's job is its namespace and name. */}}
{{- define "inventory.queueQuery" -}}
{{- $job := ternary (printf ",job=\"%s/%s\"" .Release.Namespace (include "inventory.fullname" .)) "" .Values.podMonitor.enabled -}}
sum(max by (band) (inventory_queue_messages{namespace={{ .Release.Namespace | quote }}{{ $job }}}))
{{- end -}}
