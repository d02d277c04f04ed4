package org.deepercluster.pipelines.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.gson.JsonElement;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion.VersionFlag;
import com.networknt.schema.ValidationMessage;
import io.kubernetes.client.openapi.JSON;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.yaml.snakeyaml.Yaml;

/**
 * Checks an object as an API server would: unknown names, missing ones and types. The kinds of
 * Kubernetes itself are checked by the models of its Java client, those of the Flink operator by
 * its custom resource definitions.
 */
final class KubernetesSchemas {
  private static final ObjectMapper JSON_MAPPER = new ObjectMapper();

  private KubernetesSchemas() {}

  /** What is wrong with it; empty: nothing. */
  static Optional<String> fault(Map<String, Object> document) throws Exception {
    String kind = document.get("kind").toString();
    String version = document.get("apiVersion").toString();
    return version.startsWith("flink.apache.org/")
        ? customFault(document, kind, version.substring(version.indexOf('/') + 1))
        : coreFault(document, kind);
  }

  private static Optional<String> coreFault(Map<String, Object> document, String kind)
      throws ReflectiveOperationException, IOException {
    Class<?> model = Class.forName("io.kubernetes.client.openapi.models.V1" + kind);
    String json = JSON_MAPPER.writeValueAsString(document);
    try {
      model
          .getMethod("validateJsonElement", JsonElement.class)
          .invoke(null, JSON.getGson().fromJson(json, JsonElement.class));
      JSON.getGson().fromJson(json, model);
      return Optional.empty();
    } catch (InvocationTargetException e) {
      return Optional.of(e.getCause().getMessage());
    } catch (com.google.gson.JsonParseException e) {
      return Optional.of(e.getMessage());
    }
  }

  private static Optional<String> customFault(
      Map<String, Object> document, String kind, String version) throws IOException {
    JsonNode definition;
    String file =
        "/META-INF/fabric8/"
            + kind.toLowerCase(java.util.Locale.ROOT)
            + "s.flink.apache.org-v1.yml";
    try (InputStream in = KubernetesSchemas.class.getResourceAsStream(file)) {
      definition = JSON_MAPPER.valueToTree(new Yaml().<Object>load(in));
    }
    for (JsonNode v : definition.at("/spec/versions")) {
      if (v.path("name").asText().equals(version)) {
        ObjectNode schema = v.at("/schema/openAPIV3Schema").deepCopy();
        close(schema);
        ObjectNode root = (ObjectNode) schema.get("properties");
        root.set("apiVersion", JSON_MAPPER.createObjectNode().put("type", "string"));
        root.set("kind", JSON_MAPPER.createObjectNode().put("type", "string"));
        // The definition leaves the metadata to Kubernetes.
        root.set("metadata", JSON_MAPPER.createObjectNode().put("type", "object"));
        return jsonFault(schema, document);
      }
    }
    return Optional.of(kind + " has no version " + version);
  }

  /**
   * Kubernetes has it that names which a schema does not list are unknown; JSON Schema must be
   * told.
   */
  private static void close(JsonNode schema) {
    if (schema instanceof ObjectNode o
        && o.has("properties")
        && o.get("properties").isObject()
        && !o.has("additionalProperties")
        && !o.path("x-kubernetes-preserve-unknown-fields").asBoolean()
        && o.path("type").asText().equals("object")) {
      o.put("additionalProperties", false);
    }
    schema.forEach(KubernetesSchemas::close);
  }

  /** What a JSON Schema (2020-12) finds. */
  static Optional<String> jsonFault(JsonNode schema, Map<String, Object> document) {
    JsonSchema compiled = JsonSchemaFactory.getInstance(VersionFlag.V202012).getSchema(schema);
    List<ValidationMessage> found =
        List.copyOf(compiled.validate(JSON_MAPPER.<JsonNode>valueToTree(document)));
    return found.isEmpty()
        ? Optional.empty()
        : Optional.of(
            found.stream().map(ValidationMessage::getMessage).collect(Collectors.joining("; ")));
  }
}
