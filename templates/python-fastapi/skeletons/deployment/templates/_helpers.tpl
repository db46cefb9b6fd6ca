{{/* What the selectors go by: never change it, Kubernetes does not allow that. */}}
{{- define "app.selector" -}}
app.kubernetes.io/name: {{ .Values.component | quote }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "app.labels" -}}
{{ include "app.selector" . }}
app.kubernetes.io/component: service
app.kubernetes.io/part-of: {{ .Values.system | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.image.tag }}
app.kubernetes.io/version: {{ . | trunc 63 | trimSuffix "-" | trimSuffix "." | quote }}
{{- end }}
backstage.io/kubernetes-id: {{ .Values.component | quote }}
idp.internal/team: {{ .Values.team | quote }}
idp.internal/system: {{ .Values.system | quote }}
idp.internal/component: {{ .Values.component | quote }}
idp.internal/environment: {{ .Values.environment | quote }}
{{- end }}

{{/* The digest says which image it is beyond doubt; the tag is only for people. */}}
{{- define "app.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end -}}
{{- end }}

{{- define "app.hasImage" -}}
{{- if and .Values.image.repository (or .Values.image.digest .Values.image.tag) }}true{{ end -}}
{{- end }}

{{- define "app.isSpread" -}}
{{- if or .Values.autoscaling.enabled (gt (int .Values.replicas) 1) }}true{{ end -}}
{{- end }}
