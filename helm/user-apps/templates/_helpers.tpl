{{/* The path of every manifest of this release's environment. */}}
{{- define "user-apps.pattern" -}}
environments/{{ .Values.environment }}/*.yaml
{{- end -}}

{{/* Refuse what is not one ApplicationEnvironment with the file's own name: this release has rights that teams do not have. */}}
{{- define "user-apps.refuseOthers" -}}
{{- $manifest := fromYaml .text -}}
{{- if hasKey $manifest "Error" -}}
{{- fail (printf "%s is not YAML: %s" .path $manifest.Error) -}}
{{- end -}}
{{- if regexMatch "(?m)^---" (trimPrefix "---" .text) -}}
{{- fail (printf "%s holds more than one document" .path) -}}
{{- end -}}
{{- if or (ne (toString $manifest.apiVersion) "idp.internal/v1alpha1") (ne (toString $manifest.kind) "ApplicationEnvironment") -}}
{{- fail (printf "%s is not an ApplicationEnvironment of idp.internal/v1alpha1" .path) -}}
{{- end -}}
{{- if ne (toString $manifest.metadata.name) (trimSuffix ".yaml" (base .path)) -}}
{{- fail (printf "%s is named %s inside" .path (toString $manifest.metadata.name)) -}}
{{- end -}}
{{- if ne (toString $manifest.spec.environment) .environment -}}
{{- fail (printf "%s is for the environment %s" .path (toString $manifest.spec.environment)) -}}
{{- end -}}
{{- end -}}
