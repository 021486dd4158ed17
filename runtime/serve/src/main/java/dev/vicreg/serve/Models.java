package dev.vicreg.serve;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/** The models that are served, by name, in the order in which they were given. Thread-safe. */
final class Models implements AutoCloseable {
    private final Map<String, ModelSlot> slots;

    Models(List<ModelSlot> slots) {
        this.slots = new LinkedHashMap<>();
        slots.forEach(slot -> this.slots.put(slot.name(), slot));
    }

    /**
     * Opens all of them.
     *
     * @throws IOException as {@link ModelSlot}; those that were opened are closed
     */
    static Models open(ServeConfig config, ServeMetrics metrics, EventLog log) throws IOException {
        List<ModelSlot> slots = new ArrayList<>();
        try {
            for (ServeConfig.Source source : config.models()) {
                slots.add(new ModelSlot(source, config, metrics.watch(cause -> ended(source.name(), cause, log))));
            }
        } finally {
            if (slots.size() < config.models().size()) {
                slots.forEach(ModelSlot::close);
            }
        }
        return new Models(slots);
    }

    private static void ended(String model, Throwable cause, EventLog log) {
        log.warn("the thread of batches ended, and is started again", EventLog.fields("model", model, "cause", cause));
    }

    Collection<ModelSlot> all() {
        return slots.values();
    }

    Set<String> names() {
        return slots.keySet();
    }

    /** @throws Refusal of status 404 if there is none of that name */
    ModelSlot named(String name) {
        ModelSlot slot = slots.get(name);
        if (slot == null) {
            throw new Refusal(
                            404,
                            "no such model; /v1/models lists what there is") // a probe has no token to be told names
                    .about("model")
                    .coded("model_not_found");
        }
        return slot;
    }

    /**
     * The only model of its kind, for requests that name none.
     *
     * @param kind what it is called, in the plural
     */
    ModelSlot only(Predicate<OpenModel<?>> fits, String kind) {
        List<ModelSlot> found =
                all().stream().filter(slot -> fits.test(slot.current())).toList();
        if (found.size() != 1) {
            throw Refusal.bad("this server has " + found.size() + " " + kind + ", name one: ?model=NAME, of "
                    + String.join(", ", names()));
        }
        return found.get(0);
    }

    /** Samples that wait for their batch. */
    int depth() {
        return all().stream().mapToInt(slot -> slot.current().batcher().depth()).sum();
    }

    /** Whether the threads of all batches work. */
    boolean areHealthy() {
        return all().stream().allMatch(slot -> slot.current().isHealthy());
    }

    @Override
    public void close() {
        all().forEach(ModelSlot::close);
    }
}
