package dev.vicreg.spark;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.util.CollectionAccumulator;

/**
 * Samples that tasks could not decode: each is named at the end, and more than one in a hundred is an error, which ends
 * the job as soon as the driver hears of it.
 *
 * @param messages what is wrong with each; twice, where a task was done twice
 * @param total samples that are to be embedded, undecodable ones included
 */
record UndecodableSamples(CollectionAccumulator<String> messages, String noun, long total) implements Serializable {

    static UndecodableSamples of(SparkContext spark, String noun, long total) {
        var messages = new CollectionAccumulator<String>();
        spark.register(messages, "undecodable");
        return new UndecodableSamples(messages, noun, total);
    }

    /** Called by tasks. */
    void add(String message) {
        messages.add(message);
    }

    /** What is wrong with them, each once, sorted; called by the driver. */
    List<String> found() {
        return new ArrayList<>(new TreeSet<>(messages.value()));
    }

    boolean areTooMany() {
        return found().size() * 100L > total;
    }

    /** Ends the jobs of {@code spark} where there are too many. */
    SparkListener ending(SparkContext spark) {
        return new SparkListener() {
            @Override
            public void onTaskEnd(SparkListenerTaskEnd end) {
                if (areTooMany()) {
                    spark.cancelAllJobs();
                }
            }
        };
    }

    /** @throws IOException if there are too many */
    void check(String data) throws IOException {
        if (areTooMany()) {
            throw new IOException(found().size() + " of the " + total + " " + noun + " in " + data
                    + " cannot be decoded, more than 1 %; remove or repair them. One of them: "
                    + found().get(0));
        }
    }
}
