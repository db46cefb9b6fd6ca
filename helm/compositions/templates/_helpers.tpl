{{/* The package that a Function installs: by digest where one is pinned, else by tag. */}}
{{- define "compositions.functionPackage" -}}
{{- if .Values.function.digest -}}
{{ .Values.function.repository }}@{{ .Values.function.digest }}
{{- else -}}
{{ .Values.function.repository }}:{{ .Values.function.tag }}
{{- end -}}
{{- end -}}

{{- define "compositions.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/part-of: idp
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}
