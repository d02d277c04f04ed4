package org.deepercluster.pipelines.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.pipelines.run.InfrastructureException;

/**
 * A Kubernetes Job that runs an experiment, and the ConfigMap that holds it. Its pod is one that a
 * namespace admits under the Pod Security Standard "restricted", and has no access to Kubernetes.
 *
 * @param name of both; a DNS label
 * @param namespace null: the one that kubectl is set to
 * @param image with this program, started by {@code ./deepercluster} in its working directory
 * @param secret Secret whose keys become environment variables, such as an object store's
 *     credentials; null: none
 * @param trackingUri address of the MLflow server; null: none is named
 * @param memory of the pod, requested and at most, such as {@code 4Gi}
 */
record KubernetesJob(
    String name, String namespace, String image, String secret, String trackingUri, String memory) {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

  /** Of the 63 characters of a DNS label, those that the time leaves. */
  private static final int LONGEST = 63 - "-20260101-120000".length();

  /** The experiment's name as a DNS label (RFC 1123), made unique by the time. */
  static String nameFor(String experiment, Instant time) {
    String label =
        experiment.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-+", "");
    if (label.length() > LONGEST) {
      label = label.substring(0, LONGEST);
    }
    return label.replaceAll("-+$", "") + "-" + TIME.format(time);
  }

  /** Both as YAML documents. */
  String yaml(Experiment experiment) {
    String metadata =
        "metadata:\n  name: "
            + name
            + "\n"
            + (namespace == null ? "" : "  namespace: " + namespace + "\n")
            + "  labels:\n    app.kubernetes.io/name: deepercluster\n"
            + "    app.kubernetes.io/component: orchestrator\n";
    StringBuilder yaml = new StringBuilder();
    yaml.append("apiVersion: v1\nkind: ConfigMap\n").append(metadata);
    yaml.append("immutable: true\ndata:\n  experiment.yaml: |\n");
    experiment.toYaml().lines().forEach(l -> yaml.append("    ").append(l).append('\n'));
    yaml.append("---\napiVersion: batch/v1\nkind: Job\n").append(metadata);
    // A lost pod is replaced, and its run continued; what is the experiment's fault is not tried
    // again.
    yaml.append(
        """
        spec:
          backoffLimit: 6
          podFailurePolicy:
            rules:
              - action: FailJob
                onExitCodes:
                  operator: In
                  values: [1, 2]
              - action: Ignore
                onPodConditions:
                  - type: DisruptionTarget
                    status: "True"
          template:
            metadata:
              labels:
                app.kubernetes.io/name: deepercluster
                app.kubernetes.io/component: orchestrator
            spec:
              restartPolicy: Never
              automountServiceAccountToken: false
              enableServiceLinks: false
              securityContext:
                runAsNonRoot: true
                seccompProfile:
                  type: RuntimeDefault
              containers:
                - name: orchestrator
        """);
    yaml.append("          image: ").append(quoted(image)).append('\n');
    yaml.append(
        """
                  command: ["./deepercluster", "run", "/experiment/experiment.yaml"]
        """);
    if (trackingUri != null) {
      yaml.append("          env:\n            - name: MLFLOW_TRACKING_URI\n              value: ")
          .append(quoted(trackingUri))
          .append('\n');
    }
    if (secret != null) {
      yaml.append("          envFrom:\n            - secretRef:\n                name: ")
          .append(secret)
          .append('\n');
    }
    yaml.append(
        """
                  securityContext:
                    allowPrivilegeEscalation: false
                    capabilities:
                      drop: [ALL]
                  resources:
                    requests:
                      cpu: "1"
                      memory: %1$s
                    limits:
                      memory: %1$s
                  volumeMounts:
                    - name: experiment
                      mountPath: /experiment
                      readOnly: true
              volumes:
                - name: experiment
                  configMap:
        """
            .formatted(memory));
    return yaml.append("            name: ").append(name).append('\n').toString();
  }

  private static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  /**
   * Hands YAML to {@code kubectl apply}.
   *
   * @param kubectl the command
   * @return what it printed
   * @throws InfrastructureException when it is not there or refuses
   */
  static String apply(String kubectl, String yaml)
      throws IOException, InterruptedException, InfrastructureException {
    Process process;
    try {
      process = new ProcessBuilder(kubectl, "apply", "-f", "-").redirectErrorStream(true).start();
    } catch (IOException e) {
      throw new InfrastructureException(
          kubectl
              + " cannot be started: install it and set it to your cluster, or print the YAML with"
              + " --dry-run",
          e);
    }
    String answer;
    try (OutputStream in = process.getOutputStream()) {
      in.write(yaml.getBytes(UTF_8));
    } catch (IOException e) {
      // It ended without reading; what it printed says why.
      org.slf4j.LoggerFactory.getLogger(KubernetesJob.class).debug("kubectl", e);
    }
    answer = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
    int code = process.waitFor();
    if (code != 0) {
      throw new InfrastructureException(
          kubectl + " apply ended with exit code " + code + ": " + answer, null);
    }
    return answer;
  }
}
